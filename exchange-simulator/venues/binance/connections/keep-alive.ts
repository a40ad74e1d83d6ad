import { type Clock, every } from '../../../core/clock.ts';
import type { ClientEnd } from '../../../core/venue.ts';

const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** How often a market pings, and how long it waits for an answer. */
export interface PingRules {
  readonly pingEveryMs: number;
  readonly mostWithoutPongMs: number;
}

/** Pings, cuts a connection that does not answer with the same payload in time, and any after 24 hours. */
export class KeepAlive {
  readonly #stop: (() => void)[];
  /** Payload of each ping that is not answered, and when it was sent. */
  readonly #unanswered = new Map<string, number>();

  constructor(clock: Clock, client: ClientEnd, { pingEveryMs, mostWithoutPongMs }: PingRules) {
    const beat = (): void => {
      const [oldest] = this.#unanswered.values();
      if (oldest !== undefined && clock.now() - oldest >= mostWithoutPongMs) {
        client.cut();
        return;
      }
      this.#unanswered.set(String(clock.now()), clock.now());
      client.ping(String(clock.now()));
    };
    this.#stop = [every(clock, pingEveryMs, beat), clock.after(LIFETIME_MS, () => client.close(1001, '24 hours'))];
  }

  /** An answer to a ping answers those before it; an unasked one answers nothing. */
  ponged(payload: string): void {
    const sentAt = this.#unanswered.get(payload);
    if (sentAt === undefined) return;
    for (const [other, at] of this.#unanswered) if (at <= sentAt) this.#unanswered.delete(other);
  }

  stop(): void {
    for (const stop of this.#stop) stop();
  }
}
