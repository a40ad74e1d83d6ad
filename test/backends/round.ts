/**
 * One run of the whole system on backends: stores of its own on backends that are there for all tests of a file,
 * instances that work on them, and what they leave.
 */

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { collectionOf, readBuilds } from '../../src/runtime/projections/builds.ts';
import { comparePositions } from '../../src/tape/envelope.ts';
import { type Ended, startTapedeck } from '../support/child.ts';
import { type Contents, contentsOf } from '../support/digests.ts';
import { databaseAt, shown, topicsAt } from './addresses.ts';
import { PublishedConsumer } from './consumer.ts';
import { Instance, until } from './instance.ts';
import { LocalEventStore } from './local-event-store.ts';
import type { emptyTape, Tape } from './tapes.ts';

const MARKS_SECONDS = 60;
const READ_SECONDS = 300;

/** Where backends are: `host:port`, or an address with credentials and options. */
export interface BackendAddresses {
  readonly mongo: string;
  readonly kafka: string;
}

/** What one process leaves that runs everything on the embedded stores. */
export async function embeddedContents(folder: string, settings: string, seconds: number): Promise<Contents> {
  const data = join(folder, 'embedded');
  mkdirSync(data);
  const whole = new Instance('embedded', { TAPEDECK_DATA: data, TAPEDECK_SETTINGS: settings });
  whole.start();
  await until('the summary', seconds, [whole], () => whole.output.includes('"msg":"summary"'));
  await whole.stop();
  const events = await openEventStore(`sqlite:${data}/tape.sqlite`, systemTime);
  const reads = await openReadStore(`sqlite:${data}/read-models.sqlite`, systemTime);
  try {
    return await contentsOf(events, reads);
  } finally {
    await reads.close();
    await events.close();
  }
}

/** How far a run has come: of the tape's events, those that are recorded, projected by every read model, and sent. */
export interface Progress {
  readonly recorded: number;
  readonly isProjected: boolean;
  readonly sent: number;
}

interface Stores {
  readonly tape: EventStore;
  readonly reads: ReadStore;
}

export class Round {
  readonly name: string;
  readonly #tape: Tape;
  readonly instances: Instance[] = [];
  readonly #folder: string;
  readonly #backends: BackendAddresses;
  readonly #env: Readonly<Record<string, string>>;
  /** What the test itself has open; several may ask for it at once. */
  #stores: Promise<Stores> | undefined;
  #consumer: Promise<PublishedConsumer> | undefined;
  /** Events counted so far, up to a position, and the count under way. */
  readonly #counted = { events: 0, last: undefined as string | undefined };
  #counting: Promise<number> | undefined;

  private constructor(name: string, tape: Tape, terms: RoundTerms) {
    this.name = `test-${name}-${randomUUID().slice(0, 8)}`;
    this.#tape = tape;
    this.#folder = terms.folder;
    this.#backends = terms.backends;
    this.#env = terms.env;
  }

  /** `name`: of all that is this run's alone, on backends that others use as well; the tape is empty. */
  static async begin(name: string, terms: RoundTerms, tape: typeof emptyTape = LocalEventStore.start): Promise<Round> {
    return new Round(name, await tape(terms.folder, name), terms);
  }

  /** The tape's server, where it is in process. */
  get eventStore(): LocalEventStore {
    if (this.#tape instanceof LocalEventStore) return this.#tape;
    throw new Error(`the tape of ${this.name} is not in process: nothing can be done to its server`);
  }

  /** For people: where its stores are. */
  get place(): string {
    const [tape, topics] = [shown(this.#tape.address), shown(this.#topics)];
    return `the tape at ${tape}, read models at ${shown(this.readStore)}, records at ${topics} (${this.name})`;
  }

  get readStore(): string {
    return databaseAt(this.#backends.mongo, this.name);
  }

  get #topics(): string {
    return topicsAt(this.#backends.kafka, this.name, { partitions: '3' });
  }

  /** Starts one more instance of everything, or of what `args` say. */
  startInstance(...args: string[]): Instance {
    const name = `${this.name}-${this.instances.length + 1}`;
    const instance = new Instance(name, this.#envOf(name), ...args);
    this.instances.push(instance);
    instance.start();
    return instance;
  }

  /** Runs a command on the same stores to its end. */
  command(...args: string[]): Promise<Ended> {
    return startTapedeck(args, this.#envOf(`${this.name}-commands`)).ended;
  }

  /** Throws while a backend is away. */
  async progress(): Promise<Progress> {
    const recorded = await this.recorded();
    const isProjected = await this.#isProjected();
    const consumer = await this.#consume().catch(() => undefined);
    return { recorded, isProjected, sent: consumer?.records.length ?? 0 };
  }

  /** How many events are on the tape. Throws while it is away and not in process. */
  async recorded(): Promise<number> {
    if (this.#tape instanceof LocalEventStore) return this.#tape.length;
    const { tape } = await this.#open();
    this.#counting ??= this.#countMore(tape).finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  /** Is everything recorded, projected and sent? */
  async isDone(expected: Contents): Promise<boolean> {
    const { recorded, isProjected, sent } = await this.progress();
    return recorded >= expected.tape.length && isProjected && sent >= expected.records.length;
  }

  /** Waits until all is done, stops every instance, and reads what they have left. */
  async finish(expected: Contents, seconds: number): Promise<Contents> {
    await until('everything to be recorded, projected and sent', seconds, this.instances, async () => {
      if (await this.isDone(expected)) return true;
      throw new Error(`of ${expected.tape.length} events: ${JSON.stringify(await this.progress())}`);
    });
    await this.stopInstances();
    // Nobody publishes any more: what stands before the marks is all that there ever was.
    const consumer = await this.#consume();
    const marks = await consumer.markEnd();
    await until('the ends of the topics', MARKS_SECONDS, [], () => consumer.isAtEnd(marks));
    const { tape, reads } = await this.#open();
    // A busy server may take longer for a large page than it is given.
    return until('what they have left', READ_SECONDS, [], () => contentsOf(tape, reads, consumer.records));
  }

  async stopInstances(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  /** Closes what the test itself has open. */
  async end(): Promise<void> {
    await (await this.#consumer?.catch(() => undefined))?.close();
    const stores = await this.#stores;
    await stores?.reads.close();
    await stores?.tape.close();
    await this.#tape.leave();
  }

  #open(): Promise<Stores> {
    const open = async (): Promise<Stores> => ({
      tape: await openEventStore(this.#tape.address, systemTime),
      reads: await openReadStore(this.readStore, systemTime),
    });
    this.#stores ??= open();
    return this.#stores;
  }

  /** Rejects as long as the topics are not there. */
  #consume(): Promise<PublishedConsumer> {
    this.#consumer ??= PublishedConsumer.start(this.#topics).catch((error: unknown) => {
      this.#consumer = undefined;
      throw error;
    });
    return this.#consumer;
  }

  async #countMore(tape: EventStore): Promise<number> {
    for await (const { position } of eventsOf(tape, { after: this.#counted.last })) {
      this.#counted.events++;
      this.#counted.last = position;
    }
    return this.#counted.events;
  }

  async #isProjected(): Promise<boolean> {
    const { tape, reads } = await this.#open();
    const head = await tape.head();
    const names = PROJECTIONS.map(({ name }) => name);
    const builds = await readBuilds(reads, names);
    for (const name of names) {
      const serving = builds.get(name)?.serving;
      if (serving === undefined) return false;
      if (comparePositions(await reads.checkpoint(collectionOf({ name }, serving)), head) < 0) return false;
    }
    return true;
  }

  #envOf(name: string): Readonly<Record<string, string>> {
    const data = join(this.#folder, name);
    mkdirSync(data, { recursive: true });
    return {
      TAPEDECK_DATA: data,
      TAPEDECK_EVENT_STORE: this.#tape.address,
      TAPEDECK_READ_STORE: this.readStore,
      TAPEDECK_KAFKA: this.#topics,
      ...this.#env,
    };
  }
}

export interface RoundTerms {
  /** For the files of the run. */
  readonly folder: string;
  readonly backends: BackendAddresses;
  /** Of every process, beside the addresses. */
  readonly env: Readonly<Record<string, string>>;
}
