/** The small EventStoreDB of the tests, with its log in a file, on one port: it can be away, come back, and cut connections. */

import { join } from 'node:path';
import { EventStoreServer } from '../servers/event-store/server.ts';

export class LocalEventStore {
  readonly #file: string;
  #server: EventStoreServer;

  private constructor(file: string, server: EventStoreServer) {
    this.#file = file;
    this.#server = server;
  }

  /** `name`: of its file in `folder`. */
  static async start(folder: string, name: string): Promise<LocalEventStore> {
    const file = join(folder, `${name}.log`);
    return new LocalEventStore(file, await EventStoreServer.start({ file }));
  }

  /** The same after a restart. */
  get address(): string {
    return `esdb://127.0.0.1:${this.#server.port}?tls=false`;
  }

  /** How many events there are. */
  get length(): number {
    return this.#server.log.records.length;
  }

  /** Every subscription ends, cleanly or with an error, or hands nothing over any more, in the middle of whatever it was sending. */
  failSubscriptions(how: 'cleanly' | 'cut' | 'stall'): void {
    this.#server.failSubscriptions(how);
  }

  /** Its next append commits, and nobody is told. */
  forgetAnswer(how: 'commit-cut' | 'commit-half-close'): void {
    this.#server.faults.appends.push(how);
  }

  /** Nobody can reach it any more. */
  async leave(): Promise<void> {
    await this.#server.stop();
  }

  /** It is there again with what it had. */
  async comeBack(): Promise<void> {
    this.#server = await EventStoreServer.start({ file: this.#file, port: this.#server.port });
  }
}
