import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Operation } from '../../../faults/fault.ts';
import type { Limits, Pace } from './limits.ts';
import type { Parameters } from './parameters.ts';
import type { SentOrders } from './sent-orders.ts';

/** What a route has to answer one request with. */
export interface Call {
  readonly exchange: Exchange;
  readonly limits: Limits;
  readonly sentOrders: SentOrders;
  /** Of the query, or of each object in the body. */
  readonly parameters: Parameters;
  readonly list: readonly Parameters[];
  readonly isSocket: boolean;
}

export interface SignedCall extends Call {
  readonly key: ApiKey;
}

/** The body of an answer. `code` is "0" for what went well, "1" where all orders of it failed, "2" where some did. */
export interface Answer {
  readonly code: string;
  readonly msg: string;
  readonly data: readonly unknown[];
}

interface RouteOf<C extends Call> {
  /** Orders have paces of their own. */
  readonly pace: Pace | undefined;
  readonly operation: Operation;
  /** The list that stands under `data`, or a whole answer. */
  readonly answer: (call: C) => readonly unknown[] | Answer;
  /** Places orders: `expTime` counts, and what comes late is noted. */
  readonly isPlacing?: boolean;
}

/** One method and path. `read`, `trade`: signed, by a key with that permission. */
export type Route =
  | (RouteOf<Call> & { readonly security: 'none' })
  | (RouteOf<SignedCall> & { readonly security: 'read' | 'trade' });

export type Routes = Readonly<Record<string, Route>>;
