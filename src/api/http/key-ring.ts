/** The keys that a server knows: those of the environment, and those that `tapedeck keys` keeps in a folder. */

import { Buffer } from 'node:buffer';
import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKey, ApiKeyError, type ApiScope, type KeptKeys, readKeys, type StoredKey } from '../../config/api-keys.ts';
import { epochMs } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import { within } from '../../waiting.ts';

/** Where keys are. */
export interface KeySources {
  readonly apiKeys: readonly ApiKey[];
  /** Absent: only those of the environment count. */
  readonly keyFolder?: string | undefined;
}

export interface KnownKey {
  readonly name: string;
  readonly scope: ApiScope;
  readonly digest: Uint8Array;
  /** Milliseconds since the epoch; null: never. */
  readonly expiresAt: number | null;
}

/** The folder is looked at again for a request that comes after this time: so long a revoked key may still be good. */
const FRESH_MS = 1_000;
/** So long requests wait for a look: a file system of the network may not answer. */
const LOOK_MS = 2_000;

type Complain = (unreadable: { readonly file: string; readonly reason: string }) => void;

export class KeyRing {
  readonly #sources: KeySources;
  readonly #time: Time;
  readonly #complain: Complain;
  readonly #fixed: readonly KnownKey[];
  #known: readonly KnownKey[];
  /** When the folder was looked at last. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** A read that has not ended. While it has not, there is no other: each would hold a thread. */
  #reading: Promise<KeptKeys> | undefined;
  readonly #read: (folder: string) => Promise<KeptKeys>;
  #hasHadKeys: boolean;
  #complaints = new Set<string>();

  /** `complain` is told once of each file that is no key, and when the folder can be read no more. */
  constructor(sources: KeySources, time: Time, complain: Complain, read = readKeys) {
    this.#sources = sources;
    this.#time = time;
    this.#read = read;
    this.#complain = complain;
    this.#fixed = sources.apiKeys.map(({ name, scope, key }) => ({ name, scope, digest: digestOf(key), expiresAt: null }));
    this.#known = this.#fixed;
    this.#hasHadKeys = this.#fixed.length > 0;
  }

  /** Must requests present a key? Once there was a key they must until the server restarts: revoking the last one opens nothing. */
  get isRequired(): boolean {
    return this.#hasHadKeys;
  }

  /**
   * Looks at the folder again when that is due; undefined when nothing has to be waited for. Rejects with ApiKeyError
   * where it could never be read.
   */
  refresh(): Promise<void> | undefined {
    const { keyFolder } = this.#sources;
    if (keyFolder === undefined || Math.abs(this.#time.now() - this.#lookedAt) < FRESH_MS) return undefined;
    this.#looking ??= this.#look(keyFolder).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The key that was presented. In constant time: every known one is compared. */
  find(presented: string): KnownKey | undefined {
    const digest = digestOf(presented);
    let found: KnownKey | undefined;
    for (const candidate of this.#known) {
      if (timingSafeEqual(candidate.digest, digest)) found = candidate;
    }
    return found;
  }

  /** Has it expired? */
  isOver({ expiresAt }: KnownKey): boolean {
    return expiresAt !== null && expiresAt <= this.#time.now();
  }

  async #look(folder: string): Promise<void> {
    const at = this.#time.now();
    let read: KeptKeys;
    try {
      read = await this.#readInTime(folder);
    } catch (error) {
      // At first nobody can tell who may come in. Later what was read last still holds, as where no file can be opened.
      if (this.#lookedAt === Number.NEGATIVE_INFINITY) throw error;
      this.#lookedAt = at;
      this.#complainOnce({ file: folder, reason: (error as Error).message });
      return;
    }
    this.#complaints.delete(folder);
    const { keys, unreadable } = read;
    this.#known = [...this.#fixed, ...keys.map(knownKey)];
    this.#hasHadKeys ||= this.#known.length > 0 || unreadable.length > 0;
    this.#lookedAt = at;
    for (const file of unreadable) this.#complainOnce(file);
  }

  /** A read that began before and has ended since says less than one from now on, which begins with the next look. */
  #readInTime(folder: string): Promise<KeptKeys> {
    const late = () => new ApiKeyError(`the API keys in ${folder} cannot be read in time`);
    const isHeldUp = this.#reading !== undefined;
    this.#reading ??= this.#read(folder).finally(() => {
      this.#reading = undefined;
    });
    const reading = this.#reading;
    // Requests waited for it already.
    if (isHeldUp) return Promise.reject(late());
    return within(this.#time, LOOK_MS, () => reading, late);
  }

  #complainOnce(unreadable: Parameters<Complain>[0]): void {
    if (this.#complaints.has(unreadable.file)) return;
    this.#complaints.add(unreadable.file);
    this.#complain(unreadable);
  }
}

function knownKey({ name, scope, sha256, expiresAt }: StoredKey): KnownKey {
  return { name, scope, digest: Buffer.from(sha256, 'hex'), expiresAt: expiresAt === null ? null : epochMs(expiresAt) };
}

function digestOf(key: string): Uint8Array {
  return hash('sha256', key, 'buffer');
}
