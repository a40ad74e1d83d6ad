/** What a client asks for, whatever a venue calls it. */
export type Operation = 'place' | 'cancel' | 'query' | 'account' | 'market';

/** Which frames: `public` are market data, `private` are a user's. `stream`: only streams with this in their name. */
export interface FrameScope {
  readonly on: 'public' | 'private';
  readonly stream?: string;
}

/** How a venue refuses; each venue says it in its own words. */
export type RefusalKind =
  /** 429: too much, try again later. */
  | 'rate-limited'
  /** 418 or the like: this address is banned. */
  | 'banned'
  /** 5xx. */
  | 'server-error'
  /** Says itself that nobody knows what became of the request: -1007, 50004, 10016. */
  | 'unknown-outcome'
  /** Busy: not accepted. */
  | 'busy'
  /** 410: this address is no more. */
  | 'gone';

/** One misbehaviour of an exchange. Durations in milliseconds. */
export type Fault =
  /** Cuts connections without a word. */
  | { readonly kind: 'cut'; readonly on: 'public' | 'private' | 'all' }
  /** Refuses new connections. */
  | { readonly kind: 'refuse-connections'; readonly forMs: number }
  /** Sockets stay open, and frames are swallowed. */
  | ({ readonly kind: 'silence'; readonly forMs: number } & FrameScope)
  /** Frames come later, in order. */
  | ({ readonly kind: 'delay'; readonly byMs: number; readonly forMs: number } & FrameScope)
  /** The next frames come twice. */
  | ({ readonly kind: 'duplicate'; readonly frames: number } & FrameScope)
  /** The next frames are swapped with their next. */
  | ({ readonly kind: 'reorder'; readonly frames: number } & FrameScope)
  /** The next frames are lost. */
  | ({ readonly kind: 'gap'; readonly frames: number } & FrameScope)
  /** The next requests are refused: before they are looked at, or after they were carried out. */
  | {
      readonly kind: 'refuse';
      readonly operation: Operation;
      readonly as: RefusalKind;
      readonly when: 'before' | 'after';
      readonly times: number;
    }
  /** The next requests are carried out, and the connection is cut instead of answered. */
  | { readonly kind: 'lose-answer'; readonly operation: Operation; readonly times: number }
  /** The next requests reach the exchange at once and are answered late. */
  | { readonly kind: 'slow-answer'; readonly operation: Operation; readonly byMs: number; readonly times: number }
  /** The next requests reach the exchange late. */
  | { readonly kind: 'slow-arrival'; readonly operation: Operation; readonly byMs: number; readonly times: number }
  /** Orders placed meanwhile are unknown to reads for so long. */
  | { readonly kind: 'hide-orders'; readonly byMs: number; readonly forMs: number }
  /** The venue's clock is off by so much. */
  | { readonly kind: 'clock-skew'; readonly byMs: number; readonly forMs: number }
  /** The next subscriptions are acknowledged, and nothing comes. */
  | { readonly kind: 'deaf-subscribe'; readonly times: number }
  /** Every address is banned. */
  | { readonly kind: 'ban'; readonly forMs: number }
  | { readonly kind: 'market-status'; readonly status: 'cancel-only' | 'halted'; readonly forMs: number }
  /** The service says that it ends, cuts everything, and answers nobody for a while; ids of books may begin again. */
  | { readonly kind: 'restart'; readonly downMs: number; readonly isIdReset: boolean }
  /** The service says that it ends, and cuts what was connected then, so much later; it accepts connections throughout. */
  | { readonly kind: 'upgrade'; readonly leadMs: number }
  /** The next subscriptions to books begin without the snapshot that the venue sends otherwise. */
  | { readonly kind: 'no-snapshot'; readonly times: number }
  /** Books carry checksums where the venue has none by now: those of their levels, or other ones. */
  | { readonly kind: 'checksums'; readonly as: 'right' | 'wrong'; readonly forMs: number }
  /** Private connections are cut and refused; meanwhile open orders are filled, half of the first one or all. */
  | { readonly kind: 'fill-away'; readonly forMs: number; readonly isWhole: boolean }
  /** One open order ends by self-trade prevention: no trade. */
  | { readonly kind: 'prevent' }
  /** Reads say that the filled amount in quote is not available. */
  | { readonly kind: 'no-quote-amount'; readonly forMs: number }
  /** The next orders are acknowledged, and then not accepted. */
  | { readonly kind: 'reject-later'; readonly times: number }
  /** The next cancels are acknowledged, and their orders are filled before they arrive. */
  | { readonly kind: 'lose-cancel-race'; readonly times: number }
  /** Ids of books begin again on live connections; `isEmpty`: with no level, as while a market is closed. */
  | { readonly kind: 'reset-books'; readonly isEmpty: boolean }
  /** A fee of holding a derivative comes to each account, among its trades. */
  | { readonly kind: 'funding' }
  /** The trade stream prints what is no trade of the market, with the next trade id: of a fund, or of nothing at all. */
  | { readonly kind: 'odd-print'; readonly as: 'insurance-fund' | 'empty' }
  | { readonly kind: 'revoke-key'; readonly key: string }
  /** All orders and fills are forgotten, and balances begin again: as test networks do each month. */
  | { readonly kind: 'wipe' };
