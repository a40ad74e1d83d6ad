import { type Clock, every } from '../../../core/clock.ts';
import type { ClientEnd } from '../../../core/venue.ts';

const PING_EVERY_MS = 20_000;
const MOST_WITHOUT_PONG_MS = 60_000;
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Pings every 20 s, cuts a connection that does not answer with the same payload within 60 s, and any after 24 h. */
export class KeepAlive {
  readonly #stop: (() => void)[];
  /** Payload of each ping that is not answered, and when it was sent. */
  readonly #unanswered = new Map<string, number>();

  constructor(clock: Clock, client: ClientEnd) {
    const beat = (): void => {
      const [oldest] = this.#unanswered.values();
      if (oldest !== undefined && clock.now() - oldest >= MOST_WITHOUT_PONG_MS) {
        client.cut();
        return;
      }
      this.#unanswered.set(String(clock.now()), clock.now());
      client.ping(String(clock.now()));
    };
    this.#stop = [every(clock, PING_EVERY_MS, beat), clock.after(LIFETIME_MS, () => client.close(1001, '24 hours'))];
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
