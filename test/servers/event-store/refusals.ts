/** How a server refuses every call. */

import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Faults } from './faults.ts';

/** Undefined for a call that the server takes. Asked again for each append of a stream of appends. */
export function refusalOf({ refuse, leader }: Faults, metadata: Metadata): ServiceError | undefined {
  const isRefused = leader !== undefined && metadata.get('requires-leader').includes('true');
  if (isRefused) return leader === null ? serviceError(status.NOT_FOUND, 'No leader info available') : notLeader(leader);
  if (refuse === undefined) return undefined;
  return refuse === 'unavailable'
    ? serviceError(status.UNAVAILABLE, 'the server is not ready')
    : serviceError(status.UNAUTHENTICATED, 'the credentials are wrong');
}

function notLeader(leader: number): ServiceError {
  const error = serviceError(status.NOT_FOUND, 'leader info available');
  error.metadata.set('exception', 'not-leader');
  error.metadata.set('leader-endpoint-host', '127.0.0.1');
  error.metadata.set('leader-endpoint-port', String(leader));
  return error;
}

export function serviceError(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}
