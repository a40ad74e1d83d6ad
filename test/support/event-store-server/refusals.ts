/** How a server refuses every call. */

import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Faults } from './faults.ts';

export function refusalOf({ refuse }: Faults): ServiceError | undefined {
  if (refuse === undefined) return undefined;
  return refuse === 'unavailable'
    ? serviceError(status.UNAVAILABLE, 'the server is not ready')
    : serviceError(status.UNAUTHENTICATED, 'the credentials are wrong');
}

export function serviceError(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}
