import { RateLimit } from '../../../core/rate-limit.ts';
import { OkxError, TOO_MANY_REQUESTS } from './errors.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** New and amended orders of a sub-account in two seconds. */
const MOST_NEW_ORDERS = 1000;
const MOST_CONNECTIONS_A_SECOND = 3;
/** Subscribe, unsubscribe and login of one connection in an hour. */
const MOST_CONNECTION_REQUESTS = 480;
/** Connections of one account to one private channel. */
const MOST_CHANNEL_CONNECTIONS = 30;

/** How often something may be asked for, counted together for the same name. */
export interface Pace {
  readonly count: number;
  readonly seconds: number;
  readonly by: 'address' | 'account' | 'account-instrument';
}

export const PACES = {
  order: { count: 60, seconds: 2, by: 'account-instrument' },
  batch: { count: 300, seconds: 2, by: 'account-instrument' },
} as const satisfies Record<string, Pace>;

/** Limits by address, by account, by account and instrument, and by connection. */
export class Limits {
  readonly #counts = new Map<string, RateLimit>();
  /** How many connections have a private channel, by account and channel. */
  readonly #channels = new Map<string, number>();

  /** Throws 50011 where `who` does `what` too often. */
  spend(what: string, who: string, { count, seconds }: Pace, now: number, times = 1): void {
    const limit = this.#of(`${what} ${who}`, count, seconds * SECOND);
    if (limit.used(now) + times > count) throw TOO_MANY_REQUESTS();
    limit.add(now, times);
  }

  /** Throws 50061 where an account sends too many orders, whatever their instruments. */
  countOrders(account: number, now: number, times: number): void {
    const limit = this.#of(`orders ${account}`, MOST_NEW_ORDERS, 2 * SECOND);
    if (limit.used(now) + times > MOST_NEW_ORDERS) {
      throw new OkxError(50061, "You've reached the maximum order rate limit for this account.");
    }
    limit.add(now, times);
  }

  mayConnect(address: string, now: number): boolean {
    const limit = this.#of(`connect ${address}`, MOST_CONNECTIONS_A_SECOND, SECOND);
    limit.add(now, 1);
    return limit.used(now) <= MOST_CONNECTIONS_A_SECOND;
  }

  /** Whether a connection may subscribe, unsubscribe or log in once more. */
  mayAsk(connectionId: string, now: number): boolean {
    const limit = this.#of(`ask ${connectionId}`, MOST_CONNECTION_REQUESTS, HOUR);
    limit.add(now, 1);
    return limit.used(now) <= MOST_CONNECTION_REQUESTS;
  }

  /** One more connection with a private channel, unless there are as many as there may be. `count`: how many there are now. */
  enterChannel(account: number, channel: string): { readonly isFull: boolean; readonly count: number } {
    const key = `${account} ${channel}`;
    const count = this.#channels.get(key) ?? 0;
    if (count >= MOST_CHANNEL_CONNECTIONS) return { isFull: true, count };
    this.#channels.set(key, count + 1);
    return { isFull: false, count: count + 1 };
  }

  leaveChannel(account: number, channel: string): void {
    const key = `${account} ${channel}`;
    this.#channels.set(key, (this.#channels.get(key) ?? 1) - 1);
  }

  #of(key: string, count: number, windowMs: number): RateLimit {
    const limit = this.#counts.get(key) ?? new RateLimit(count, windowMs);
    this.#counts.set(key, limit);
    return limit;
  }
}
