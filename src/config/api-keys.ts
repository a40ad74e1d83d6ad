/**
 * API keys: what one is, and those made by `tapedeck keys`, which are one file each in a folder of the data folder. A
 * file holds the SHA-256 of a random key of 256 bits, never the key. It appears and goes whole, so no lock is needed.
 */

import { hash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isoTimeText } from '../domain/event.ts';
import { isoTime } from '../domain/time.ts';
import { UserError } from '../domain/user-error.ts';
import type { Clock } from '../ports/clock.ts';
import { OPEN_AT_ONCE } from '../text-file.ts';

/** `read`: look at everything. `trade`: ask for orders, cancels, halts and resumes as well. */
export const API_SCOPES = ['read', 'trade'] as const;
export type ApiScope = (typeof API_SCOPES)[number];

/** A key from the environment. `name` is recorded on the tape as the actor; `key` is the secret, and is never logged. */
export interface ApiKey {
  readonly name: string;
  readonly scope: ApiScope;
  readonly key: string;
}

/** Most keys that are kept: every request is compared with each of them. */
const MAX_KEYS = 100;

const ENDING = '.json';
/** Longest file of a key: ten times what is written. */
const MAX_FILE_BYTES = 4_096;
/** The form of a key's name: it is a file's name, and the actor on the tape. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** The actor on the tape where there are no keys. */
export const RESERVED_NAME = 'local';

const RESERVED = `"${RESERVED_NAME}" stands for requests without a key: take another name`;

const storedKey = z.strictObject({
  name: z
    .string()
    .regex(NAME)
    .refine((name) => name !== RESERVED_NAME, RESERVED),
  scope: z.enum(API_SCOPES),
  /** Of the key, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: isoTimeText,
  /** From then on it is refused; null: never. */
  expiresAt: isoTimeText.nullable(),
});
export type StoredKey = z.output<typeof storedKey>;

/** A key that cannot be made, found or read: says which, and what to do. */
export class ApiKeyError extends UserError {}

/** Something among the keys that cannot hold one. */
class NoKeyFileError extends Error {}

/** The system cannot read any file at this moment: that says nothing of the file. */
const OVERLOAD: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO']);
/** The shortest secret that is taken from the environment, and the longest. */
const SECRET = /^\S{16,256}$/;
const EXAMPLE = /replace-this|change-?me/i;

/** Is it what an example has in the place of a secret? */
export function isExample(secret: string): boolean {
  return EXAMPLE.test(secret);
}

/**
 * Reads keys as they are given in the environment, `name:key`, or `name:read:key` for one that may not trade, separated
 * by commas or new lines. A key that has a `:` itself needs its scope before it. Says what is wrong with each entry that
 * cannot be taken, without its secret.
 */
export function parseKeys(text: string): { readonly keys: readonly ApiKey[]; readonly mistakes: readonly string[] } {
  const keys: ApiKey[] = [];
  const mistakes: string[] = [];
  const entries = text.split(/[,\n]/).map((entry) => entry.trim());
  for (const [index, entry] of entries.filter((entry) => entry !== '').entries()) {
    const parsed = parseKey(entry, keys);
    if (typeof parsed === 'string') mistakes.push(`entry ${index + 1} ${parsed}`);
    else keys.push(parsed);
  }
  return { keys, mistakes };
}

/** A key, or why the entry is none; `known` are those before it. */
function parseKey(entry: string, known: readonly ApiKey[]): ApiKey | string {
  const [name = '', ...rest] = entry.split(':');
  const scope = rest.length === 1 ? 'trade' : API_SCOPES.find((one) => one === rest[0]);
  const key = rest.slice(rest.length === 1 ? 0 : 1).join(':');
  if (!NAME.test(name) || rest.length === 0) return 'is not of the form name:key or name:read:key';
  if (scope === undefined) return 'has a second part that is neither "read" nor "trade"';
  if (!SECRET.test(key)) return 'has a key that is not of 16 to 256 characters';
  if (isExample(key)) return 'has the key of an example: put a random one in its place';
  if (name === RESERVED_NAME) return `has a reserved name: ${RESERVED}`;
  if (known.some((other) => other.key === key)) return 'has the same key as one before it';
  if (known.some((other) => other.name === name && other.scope !== scope)) return 'has a name that has another scope before it';
  return { name, scope, key };
}

/** Those that can be read, by name, and why others cannot. */
export interface KeptKeys {
  readonly keys: readonly StoredKey[];
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

/** Every key in the folder; none where there is no folder. Throws ApiKeyError where nobody can tell. */
export async function readKeys(folder: string): Promise<KeptKeys> {
  const keys: StoredKey[] = [];
  const unreadable: { file: string; reason: string }[] = [];
  for (const file of await keyFiles(folder)) {
    const read = await readKey(join(folder, file));
    // Revoked between the list and the look.
    if (read === undefined) continue;
    if (typeof read === 'string') unreadable.push({ file: join(folder, file), reason: read });
    else keys.push(read);
  }
  return { keys, unreadable };
}

/** Makes a key and returns it: it can never be shown again. Throws ApiKeyError. */
export async function addKey(
  folder: string,
  { name, scope, expiresAt }: { readonly name: string; readonly scope: ApiScope; readonly expiresAt: number | null },
  clock: Clock,
): Promise<string> {
  if (!NAME.test(name)) {
    throw new ApiKeyError(`"${name}" cannot be the name of a key: use 1 to 64 letters, digits, "_" or "-"`);
  }
  if (name === RESERVED_NAME) throw new ApiKeyError(RESERVED);
  if (expiresAt !== null && expiresAt <= clock.now()) throw new ApiKeyError('the key would expire before it could be used');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await keyFiles(folder)).length >= MAX_KEYS) {
    throw new ApiKeyError(`there are ${MAX_KEYS} keys, the most that are kept: revoke one first`);
  }
  const key = `tapedeck_${randomBytes(32).toString('base64url')}`;
  const stored: StoredKey = {
    name,
    scope,
    sha256: hash('sha256', key),
    createdAt: isoTime(clock.now()),
    expiresAt: expiresAt === null ? null : isoTime(expiresAt),
  };
  await placeFile(folder, name, `${JSON.stringify(stored, null, 2)}\n`);
  return key;
}

/** Forgets a key; servers refuse it within a second. Throws ApiKeyError when there is none of that name. */
export async function revokeKey(folder: string, name: string): Promise<void> {
  try {
    if (!NAME.test(name)) throw new ApiKeyError(`there is no key "${name}"`);
    await rm(join(folder, name + ENDING));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ApiKeyError(`there is no key "${name}" in ${folder}: "./tapedeck keys list" shows those that are`);
  }
}

async function keyFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => file.endsWith(ENDING)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ApiKeyError(`the API keys in ${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Throws NoKeyFileError for what cannot hold a key, and the system's errors. */
async function keyFileText(path: string): Promise<string> {
  const handle = await open(path, OPEN_AT_ONCE);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new NoKeyFileError('it is not a plain file');
    if (stats.size > MAX_FILE_BYTES) throw new NoKeyFileError(`it is longer than ${MAX_FILE_BYTES} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** A key, undefined for a file that is gone, or why it cannot be read. */
async function readKey(path: string): Promise<StoredKey | string | undefined> {
  try {
    const parsed = storedKey.safeParse(JSON.parse(await keyFileText(path)));
    return parsed.success ? parsed.data : z.prettifyError(parsed.error).replaceAll('\n', ' ');
  } catch (error) {
    if (error instanceof NoKeyFileError) return error.message;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code !== undefined && OVERLOAD.has(code)) throw new ApiKeyError(`the API key ${path} cannot be read now (${code})`);
    return code ?? 'it is not JSON';
  }
}

/** Puts a whole file under a name that is free: a link is made or refused at once, even when others try too. */
async function placeFile(folder: string, name: string, text: string): Promise<void> {
  const draft = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(draft, join(folder, name + ENDING));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ApiKeyError(`there is a key "${name}" already: revoke it first, or take another name`);
  } finally {
    await rm(draft, { force: true });
  }
}
