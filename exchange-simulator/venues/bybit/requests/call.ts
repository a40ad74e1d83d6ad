import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Operation } from '../../../faults/fault.ts';
import type { PublicHub } from '../connections/public-hub.ts';
import type { UserHub } from '../connections/user-hub.ts';
import type { Parameters } from './parameters.ts';

/** What a route has to answer one request with. */
export interface Call {
  readonly exchange: Exchange;
  readonly hub: PublicHub;
  readonly users: UserHub;
  readonly parameters: Parameters;
}

export interface SignedCall extends Call {
  readonly key: ApiKey;
}

/** One method and path. `read`, `trade`: signed, by a key with that permission. `perSecond`: requests of one account. */
export type Route =
  | { readonly security: 'none'; readonly operation: Operation; readonly answer: (call: Call) => unknown }
  | {
      readonly security: 'read' | 'trade';
      readonly operation: Operation;
      readonly perSecond: number;
      readonly answer: (call: SignedCall) => unknown;
    };

export type Routes = Readonly<Record<string, Route>>;
