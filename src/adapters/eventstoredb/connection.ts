/**
 * The way to an EventStoreDB: one client a thread, given up and replaced after any error that is not a refusal, and
 * calls that are made again, each within a time limit of our own, until one of them has a known outcome.
 */

import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import { type Backoff, backoffMs, onAbort, pause, type TimeLimit, within } from '../../waiting.ts';
import type { EventStoreDbAddress } from './address.ts';
import { Channels } from './channel.ts';
import { TapeClient } from './client.ts';
import { describeFailure, finalFailure } from './failures.ts';

export interface CallTimeouts {
  /** Until a call that hears nothing is given up; its outcome is unknown then, and it is made again. */
  readonly callMs: number;
  /** The same where the server looks through the tape: it says nothing until it has found something. */
  readonly searchMs: number;
  /** Until a call that is made again and again is given up. */
  readonly totalMs: number;
  /** Of the pauses before the second try and those that follow. */
  readonly backoff: Backoff;
}

export const DEFAULT_TIMEOUTS: CallTimeouts = {
  callMs: 5_000,
  searchMs: 60_000,
  totalMs: 12_000,
  backoff: { firstMs: 50, longestMs: 3_000 },
};

/** Older ones do not take batches, or drop subscriptions that are slow. */
const OLDEST = { major: 22, minor: 10 };

/** The longest that a call may hear nothing once the process is to end. */
const LAST_CALL_MS = 2_000;

/** One attempt: `heard` says that something came, so that the time limit begins again. */
export type Attempt<T> = (client: TapeClient, heard: () => void) => Promise<T>;

/** One that is used as long as nothing goes wrong with it. */
export interface Client {
  readonly opened: Promise<TapeClient>;
  /** Aborts when it is given up: calls that wait on it would wait for ever. */
  readonly lost: AbortController;
}

/** The connection in use by this thread. With two clients, an error of one rejects appends of the other that were written. */
let inUse: { readonly key: string; users: number; readonly connection: Connection } | undefined;

/** The one connection of this thread. Throws StoreError for a second address while the first is in use. */
export function connect(key: string, address: EventStoreDbAddress, timeouts: CallTimeouts, time: Time): Connection {
  if (inUse !== undefined && inUse.key !== key) {
    throw new StoreError('a thread has one EventStoreDB: close the store at the first address before another is opened');
  }
  inUse ??= { key, users: 0, connection: new Connection(address, timeouts, time) };
  inUse.users++;
  return inUse.connection;
}

export class Connection {
  readonly timeouts: CallTimeouts;
  readonly time: Time;
  /** How many clients there were. */
  clients = 0;
  readonly #address: EventStoreDbAddress;
  readonly #channels: Channels;
  readonly #hastened = new AbortController();
  #client: Client | undefined;
  #isReleased = false;
  /** The last client is gone: never two at once. */
  #gone: Promise<void> = Promise.resolve();

  constructor(address: EventStoreDbAddress, timeouts: CallTimeouts, time: Time) {
    this.#address = address;
    this.#channels = new Channels(address, time);
    this.timeouts = timeouts;
    this.time = time;
  }

  /**
   * Makes a call until it has an outcome. Throws what `finalFailure` knows, or StoreUnavailableError in a sentence that
   * begins with `what`. `silenceMs` is how long nothing may be heard.
   */
  async call<T>(what: string, attempt: Attempt<T>, silenceMs = this.timeouts.callMs): Promise<T> {
    const begun = this.time.monotonic();
    for (let tries = 1; ; tries++) {
      const client = this.#current();
      try {
        return await this.#within(client, attempt, silenceMs);
      } catch (error) {
        const final = finalFailure(error);
        if (final !== undefined) throw final;
        this.#giveUp(client);
        const pauseMs = backoffMs(this.time, tries, this.timeouts.backoff);
        const isLast = this.#hastened.signal.aborted || this.time.monotonic() - begun + pauseMs > this.timeouts.totalMs;
        if (isLast) throw unavailable(what, tries, error);
        await pause(this.time, pauseMs, this.#hastened.signal);
      }
    }
  }

  /**
   * Makes a call once, by `client` where that is given, and tells by which one it was made. Throws what `finalFailure`
   * knows, or why the outcome is unknown; a client that was given up makes no call.
   */
  async once<T>(attempt: Attempt<T>, client = this.#current()): Promise<{ readonly outcome: T; readonly client: Client }> {
    try {
      return { outcome: await this.#within(client, attempt, this.timeouts.callMs), client };
    } catch (error) {
      const final = finalFailure(error);
      if (final !== undefined) throw final;
      this.#giveUp(client);
      throw error;
    }
  }

  /** From now on, a server that is away is not waited for: each call is made once more at most, and given up soon. */
  hasten(): void {
    this.#hastened.abort();
  }

  /** Uses a client for as long as `work` goes on, which is told by `lost` when it was given up. One attempt. */
  async whileConnected(work: (client: TapeClient, lost: AbortSignal) => Promise<void>): Promise<void> {
    const client = this.#current();
    try {
      const opened = await this.#within(client, async (fit) => fit, this.timeouts.callMs);
      await work(opened, client.lost.signal);
    } catch (error) {
      if (finalFailure(error) === undefined) this.#giveUp(client);
      throw error;
    }
  }

  /** One user less; the last one closes it. */
  async release(): Promise<void> {
    if (inUse?.connection !== this) return;
    inUse.users--;
    if (inUse.users > 0) return;
    inUse = undefined;
    this.#isReleased = true;
    if (this.#client !== undefined) this.#giveUp(this.#client);
    await this.#gone;
  }

  #current(): Client {
    if (this.#client !== undefined) return this.#client;
    // A call that was under way must not open another: nobody would close it.
    if (this.#isReleased) throw new StoreError('the tape in EventStoreDB is closed');
    const opened = this.#open();
    const client: Client = { opened, lost: new AbortController() };
    this.#client = client;
    // Its waiters get the error itself.
    opened.catch(() => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }

  async #open(): Promise<TapeClient> {
    await this.#gone;
    this.clients++;
    const client = new TapeClient(this.#address, this.#channels, `tapedeck-${this.time.uuid()}`, this.time);
    try {
      assertFit(await unlessSilent(this.time, this.timeouts.callMs, () => client.features(), this.#hastened.signal));
      return client;
    } catch (error) {
      await client.discard();
      throw error;
    }
  }

  #giveUp(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.lost.abort();
    this.#gone = client.opened.then(
      (opened) => opened.discard(),
      () => undefined,
    );
  }

  #within<T>({ opened, lost }: Client, attempt: Attempt<T>, silenceMs: number): Promise<T> {
    // Opening has a limit of its own.
    return unlessSilent(this.time, silenceMs, async (heard) => attempt(await opened, heard), this.#hastened.signal, lost.signal);
  }
}

function assertFit({ version, hasBatchAppend }: { readonly version: string; readonly hasBatchAppend: boolean }): void {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld = Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor);
  if (hasBatchAppend && !isOld) return;
  const told = major === undefined ? 'does not say its version' : `is of version ${major}.${minor}`;
  throw new StoreError(`the EventStoreDB ${told}, which is too old: Tapedeck needs 22.10 or later; upgrade it, or name another`);
}

function unavailable(what: string, attempts: number, last: unknown): StoreUnavailableError {
  const message = `${what}: EventStoreDB gave no answer in ${attempts} attempts; see that it runs, and that TAPEDECK_EVENT_STORE names it (last: ${describeFailure(last)})`;
  return new StoreUnavailableError('event store', message, { cause: last });
}

/**
 * Rejects when nothing was heard for `ms`, or sooner once `hastened` aborts, or when `lost` aborts; what becomes of the
 * work is nobody's concern then.
 */
async function unlessSilent<T>(
  time: Time,
  ms: number,
  work: (heard: () => void) => Promise<T>,
  hastened: AbortSignal,
  lost?: AbortSignal,
): Promise<T> {
  lost?.throwIfAborted();
  const listeners: (() => void)[] = [];
  const listen = (limit: TimeLimit): Promise<T> => {
    listeners.push(onAbort(hastened, () => limit.restart(Math.min(ms, LAST_CALL_MS))));
    if (lost !== undefined) listeners.push(onAbort(lost, () => limit.giveUp(new Error('the connection was given up'))));
    return work(() => limit.restart());
  };
  try {
    return await within(time, ms, listen, (silenceMs) => new Error(`no answer within ${silenceMs} ms`));
  } finally {
    for (const take of listeners) take();
  }
}
