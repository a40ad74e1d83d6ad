/** What the system is made of, and what whoever starts it has of it. */

import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import type { Time } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';
import type { Publisher } from './ports/publisher.ts';
import type { ReadStore } from './ports/read-store.ts';
import type { EvidenceSink } from './runtime/ingest/ingest.ts';
import type { Holding, Lease, LeaseTerms } from './runtime/leases/lease.ts';
import type { SystemReport } from './runtime/process/system-report.ts';
import type { HostedProjection } from './runtime/projections/host.ts';

/** What the parts are made of. */
export interface SystemDependencies {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly time: Time;
  readonly log: Logger;
  readonly codeVersion: string;
  /** A person wants this build back in place of the one that replaced it. */
  readonly rollBack: boolean;
  /** Among several instances on the same stores; absent where the tape has a lock of its own, or this is the only one. */
  readonly leases?: LeaseTerms | undefined;
  /** Where the tape is handed on to; absent: nowhere. */
  readonly publisher?: Publisher | undefined;
}

/** What a process does. `ingest` and `api` are begun by whoever starts the system. */
export type Role = 'engine' | 'ingest' | 'projections' | 'relay' | 'api';

/** The parts of a process, put together. */
export interface System {
  /** The figures of this thread. */
  readonly metrics: Metrics;
  /** The tape, with writes in the figures. */
  readonly events: EventStore;
  /** Takes evidence onto the tape: in step with the engine that runs here, or else for whichever decides. */
  readonly take: EvidenceSink;
  /** The lease of that name; null where there are none. */
  lease(name: string): Lease | null;
  /** As `take`, for as long as that lease is held. */
  takeUnder(holding: Holding): EvidenceSink;
  /** Those that are made here, or are to be, by name. */
  readonly projections: ReadonlyMap<string, HostedProjection>;
  /** Shows other threads that this one turns. */
  readonly heartbeat: SharedArrayBuffer;
  /** How the parts are. */
  report(): SystemReport;
  /** Does what must be done once before the work begins; undefined when the system is closed before. */
  first<T>(part: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Begins the work. Resolves when every part runs or stands by; engines that are away are waited for. */
  start(): Promise<void>;
  /** Rejects when a part had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand and stops every part, and gives back the leases; the stores stay open. */
  close(): Promise<void>;
}
