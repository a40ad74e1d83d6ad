/** Gets the payload of an event of a stream that it subscribed to. */
export type Subscriber = (stream: string, payload: Record<string, unknown>) => void;

/** Who listens to which stream. A stream that does not exist has listeners like any other, and is silent. */
export class Topics {
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  subscribe(stream: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(stream) ?? new Set();
    this.#subscribers.set(stream, subscribers.add(subscriber));
  }

  unsubscribe(stream: string, subscriber: Subscriber): void {
    this.#subscribers.get(stream)?.delete(subscriber);
  }

  /** Makes an event once, and only where somebody listens. */
  publish(stream: string, payload: () => Record<string, unknown>): void {
    const subscribers = this.#subscribers.get(stream);
    if (subscribers === undefined || subscribers.size === 0) return;
    const made = payload();
    for (const subscriber of [...subscribers]) subscriber(stream, made);
  }

  /** The rest of the names of the streams that somebody listens to and that begin so. */
  after(prefix: string): string[] {
    const found: string[] = [];
    for (const [stream, { size }] of this.#subscribers) {
      if (size > 0 && stream.startsWith(prefix)) found.push(stream.slice(prefix.length));
    }
    return found;
  }
}
