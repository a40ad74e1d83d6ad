/** The dependencies of a process's system, and the system as its starter sees it. */

import type { Logger } from 'pino';
import type { SettingsInForce } from './domain/settings/in-force.ts';
import type { Metrics } from './metrics.ts';
import type { Time } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';
import type { Publisher } from './ports/publisher.ts';
import type { ReadStore } from './ports/read-store.ts';
import type { IngestTerms } from './runtime/ingest/ingest-part.ts';
import type { LeaseTerms } from './runtime/leases/lease.ts';
import type { SystemReport } from './runtime/process/system-report.ts';

/** The ports and settings that the parts are made of. */
export interface SystemDependencies {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly time: Time;
  readonly log: Logger;
  readonly codeVersion: string;
  /** A person wants this build back in place of the one that replaced it. */
  readonly mayRollBack: boolean;
  /** Among several instances on the same stores; absent where the tape has a lock of its own, or this is the only one. */
  readonly leases?: LeaseTerms | undefined;
  /** Puts settings in force before anything runs; absent, those on the tape stay. */
  readonly settle?: (() => Promise<SettingsInForce>) | undefined;
  /** The sources of the feeds; absent: nothing is ingested. */
  readonly ingest?: IngestTerms | undefined;
  /** Publishes the tape; absent: it is not published. */
  readonly publisher?: Publisher | undefined;
}

/** A kind of work that a process does. The command that starts the system starts `api` apart. */
export type Role = 'engine' | 'ingest' | 'projections' | 'relay' | 'api';

/** The parts of a process, put together. */
export interface System {
  /** The figures of this thread. */
  readonly metrics: Metrics;
  /** The tape, with writes in the figures; where the engine runs here and the tape has a lock, in step with it. */
  readonly events: EventStore;
  /** Shows other threads that this thread's event loop runs. */
  readonly heartbeat: SharedArrayBuffer;
  /** How the parts are. */
  report(): SystemReport;
  /** Begins the work. Resolves when every part runs or stands by, or the system is closed; stores that are away are waited for. */
  start(): Promise<void>;
  /** Rejects when a part had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand and stops every part, and gives back the leases; the stores stay open. */
  close(): Promise<void>;
}
