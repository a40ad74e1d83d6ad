import { RateLimit } from '../../../core/rate-limit.ts';
import { type BinanceError, bannedUntil, tooMany } from './errors.ts';

const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** Connections that one address may attempt in five minutes. */
const MOST_CONNECTIONS = 300;

/** Refused requests after which an address that does not stop is banned, and for how long. */
const MOST_REFUSED = 10;
const BAN_MS = 2 * MINUTE;

/** What one market allows an address, and how it says so. */
export interface AddressRules {
  /** Of requests, in a minute. */
  readonly weight: number;
  /** Requests in five minutes, whatever they weigh. */
  readonly requests: number;
  readonly weightText: string;
  banText(until: number): string;
}

interface Used {
  readonly weight: RateLimit;
  readonly requests: RateLimit;
  readonly connections: RateLimit;
  refused: number;
  bannedUntil: number;
}

/** Limits by address: weight, requests, bans and connections. */
export class AddressLimits {
  readonly #rules: AddressRules;
  readonly #used = new Map<string, Used>();

  constructor(rules: AddressRules) {
    this.#rules = rules;
  }

  /** Counts a request. Throws 429 where its weight does not fit into the minute, and 418 where the address is banned. */
  spend(address: string, weight: number, now: number): void {
    const used = this.#of(address);
    if (used.bannedUntil > now) throw this.banned(used.bannedUntil, now);
    used.requests.add(now, 1);
    if (used.weight.used(now) + weight > this.#rules.weight || used.requests.used(now) > this.#rules.requests) {
      used.refused += 1;
      if (used.refused > MOST_REFUSED) {
        used.refused = 0;
        used.bannedUntil = now + BAN_MS;
        throw this.banned(used.bannedUntil, now);
      }
      throw this.tooMuch(Math.ceil(used.weight.remaining(now) / SECOND), now);
    }
    used.weight.add(now, weight);
  }

  /** Orders that succeed cost nothing: what was spent is given back. */
  giveBack(address: string, weight: number, now: number): void {
    this.#of(address).weight.add(now, -weight);
  }

  usedWeight(address: string, now: number): number {
    return this.#of(address).weight.used(now);
  }

  mayConnect(address: string, now: number): boolean {
    const { connections } = this.#of(address);
    connections.add(now, 1);
    return connections.used(now) <= MOST_CONNECTIONS;
  }

  tooMuch(retryAfterSeconds: number, now: number): BinanceError {
    return tooMany(-1003, this.#rules.weightText, retryAfterSeconds, now);
  }

  banned(until: number, now: number): BinanceError {
    return bannedUntil(this.#rules.banText(until), until, now);
  }

  #of(address: string): Used {
    let used = this.#used.get(address);
    if (used === undefined) {
      used = {
        weight: new RateLimit(this.#rules.weight, MINUTE),
        requests: new RateLimit(this.#rules.requests, 5 * MINUTE),
        connections: new RateLimit(MOST_CONNECTIONS, 5 * MINUTE),
        refused: 0,
        bannedUntil: 0,
      };
      this.#used.set(address, used);
    }
    return used;
  }
}
