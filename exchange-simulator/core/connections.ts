/** A live connection, as the exchange reaches it. */
export interface Connection {
  readonly isPrivate: boolean;
  cut(): void;
  /** Says, in the venue's words, that the service ends. */
  announceShutdown(): void;
}

/** All live connections of an exchange. */
export class Connections {
  readonly #live = new Set<Connection>();

  add(connection: Connection): void {
    this.#live.add(connection);
  }

  remove(connection: Connection): void {
    this.#live.delete(connection);
  }

  get count(): number {
    return this.#live.size;
  }

  /** Returns those that were told. */
  announceShutdown(): readonly Connection[] {
    const live = [...this.#live];
    for (const connection of live) connection.announceShutdown();
    return live;
  }

  cut(which: 'public' | 'private' | 'all'): void {
    for (const connection of [...this.#live]) {
      if (which === 'all' || connection.isPrivate === (which === 'private')) connection.cut();
    }
  }
}
