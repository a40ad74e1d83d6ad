import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Operation } from '../../../faults/fault.ts';
import type { Parameters } from '../../binance/requests/parameters.ts';
import type { Limits } from './limits.ts';

/** `read`, `trade`: signed, by a key with that permission. */
export type Security = 'none' | 'read' | 'trade';

/** What a route has to answer one request with. */
export interface Call {
  readonly exchange: Exchange;
  readonly limits: Limits;
  readonly parameters: Parameters;
  readonly address: string;
}

export interface SignedCall extends Call {
  readonly key: ApiKey;
}

interface RouteOf<C extends Call> {
  readonly weight: number | ((parameters: Parameters) => number);
  /** An order that is accepted, and a cancel that succeeds, cost nothing. */
  readonly isFreeOnSuccess?: boolean;
  readonly operation: Operation;
  readonly answer: (call: C) => unknown;
}

/** One method and path of REST, or one method of the WebSocket API. */
export type Route =
  | (RouteOf<Call> & { readonly security: 'none' })
  | (RouteOf<SignedCall> & { readonly security: 'read' | 'trade' });

export type Routes = Readonly<Record<string, Route>>;
