/**
 * The driver's connection, with what it lacks. Having written a command to a socket that is destroyed and has not yet
 * said so, it waits for the socket to drain, which never comes: a call, and at times the one that looks for the server,
 * whose loss makes the whole client useless, would wait for ever. Seen in versions 7.8 and 7.9.
 */

import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

/** As much of the driver's class as is used; its types leave it out. */
interface DriverConnection extends EventEmitter {
  /** Why it is of no use any more; set before `close` is told. */
  readonly error: Error | null;
  /** Resolves when the command has left the process. */
  writeCommand(command: unknown, options: unknown): Promise<void>;
}

const { Connection } = createRequire(import.meta.url)('mongodb/lib/cmap/connection.js') as {
  Connection: new (...args: unknown[]) => DriverConnection;
};

export class WatchedConnection extends Connection {
  override async writeCommand(command: unknown, options: unknown): Promise<void> {
    const closed = Promise.withResolvers<never>();
    const giveUp = (): void => closed.reject(this.error);
    this.once('close', giveUp);
    try {
      await Promise.race([super.writeCommand(command, options), closed.promise]);
    } finally {
      this.off('close', giveUp);
    }
  }
}

/** An option that the driver takes and its types leave out. */
export interface DriverOptions {
  readonly connectionType: typeof WatchedConnection;
}
