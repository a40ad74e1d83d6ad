/** The environment, read here and nowhere else; every violation is reported at once. */

import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isPrintable } from '../domain/printable.ts';
import { UserError } from '../domain/user-error.ts';
import { readTextFile } from '../text-file.ts';
import { type ApiKey, isExample, parseKeys } from './api-keys.ts';

/** The environment cannot be used; the message names every variable that is wrong, never the value of a secret. */
export class ConfigError extends UserError {}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute path of the folder of the embedded stores. */
  readonly dataFolder: string;
  readonly eventStore: string;
  readonly readStore: string;
  /** The brokers that the tape is handed on to; null: none. */
  readonly kafka: string | null;
  /** Path of the settings file that is proposed. */
  readonly settingsFile: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Those of the environment; others are kept in the folder. */
  readonly apiKeys: readonly ApiKey[];
  readonly keyFolder: string;
  /** Requests that one API key may make in a second. */
  readonly rateLimit: number;
  /** How long a lease is, among several instances; the same for all. */
  readonly leaseMs: number;
  /** Web pages from these origins may call the API from a browser; none unless set. */
  readonly corsOrigins: readonly string[];
  /** The operating system's name of the person at the command line. */
  readonly user: string;
  /** Started by `npm start` or `npm exec`, and so within a shell of npm's. */
  readonly isWithinNpm: boolean;
}

/** The project's own folder, so that a command finds the same stores from wherever it is called. */
const ROOT = join(import.meta.dirname, '..', '..');

/** These may be given in a file; an address may hold a password. */
const ADDRESSES = ['TAPEDECK_EVENT_STORE', 'TAPEDECK_READ_STORE', 'TAPEDECK_KAFKA'] as const;
const SECRETS = ['TAPEDECK_API_KEYS', ...ADDRESSES] as const;

/** Longest file of a secret: a hundred keys are a third of it. */
const MAX_SECRET_BYTES = 65_536;

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
    .transform(Number)
    .pipe(z.int().max(65_535))
    .default(3000),
  TAPEDECK_DATA: z.string().min(1).default(join(ROOT, '.tapedeck')),
  TAPEDECK_EVENT_STORE: z.string().min(1).optional(),
  TAPEDECK_READ_STORE: z.string().min(1).optional(),
  TAPEDECK_KAFKA: z.string().optional(),
  TAPEDECK_SETTINGS: z
    .string()
    .min(1)
    .default(join(ROOT, 'settings', 'default.json')),
  TAPEDECK_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TAPEDECK_API_KEYS: z.string().default(''),
  TAPEDECK_RATE_LIMIT: z
    .string()
    .regex(/^[1-9]\d{0,6}$/, 'must be a number of requests a second, from 1 to 9999999')
    .transform(Number)
    .default(5_000),
  TAPEDECK_LEASE_SECONDS: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number of seconds, from 1 to 999')
    .transform(Number)
    .default(10),
  TAPEDECK_CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(',').map((origin) => origin.trim()))
    .transform((origins) => origins.filter((origin) => origin !== ''))
    .refine((origins) => origins.every(isOrigin), 'must be origins such as "https://desk.example.com", separated by commas'),
  USER: z.string().max(256).refine(isPrintable, 'must not have control or bidirectional characters').default('unknown'),
  npm_lifecycle_event: z.string().optional(),
});

/**
 * Reads the configuration. Secrets may be given in a file instead, named by the variable with `_FILE` behind it.
 * Throws ConfigError with every violation.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const violations: string[] = [];
  const secrets = Object.fromEntries(SECRETS.map((name) => [name, readSecretFile(env, name, violations)]));
  // An empty variable is one that is not set: that is how compose files and shells leave things out.
  const present = Object.fromEntries(Object.entries({ ...env, ...secrets }).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(present);
  if (!parsed.success) violations.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  for (const name of ADDRESSES) {
    if (isExample(secrets[name] ?? ''))
      violations.push(`${name}: has the password of an example: put the right one in its place`);
  }
  const { keys: apiKeys, mistakes } = parseKeys(secrets.TAPEDECK_API_KEYS ?? '');
  violations.push(...mistakes.map((mistake) => `TAPEDECK_API_KEYS: ${mistake}`));
  if (!parsed.success || violations.length > 0)
    throw new ConfigError(`the environment cannot be used:\n${violations.map((text) => `  ${text}`).join('\n')}`);
  const { data } = parsed;
  const dataFolder = resolve(data.TAPEDECK_DATA);
  return {
    host: data.HOST,
    port: data.PORT,
    dataFolder,
    eventStore: data.TAPEDECK_EVENT_STORE ?? `sqlite:${join(dataFolder, 'tape.sqlite')}`,
    readStore: data.TAPEDECK_READ_STORE ?? `sqlite:${join(dataFolder, 'read-models.sqlite')}`,
    kafka: data.TAPEDECK_KAFKA ?? null,
    settingsFile: resolve(data.TAPEDECK_SETTINGS),
    logLevel: data.TAPEDECK_LOG_LEVEL,
    apiKeys,
    keyFolder: join(dataFolder, 'api-keys'),
    rateLimit: data.TAPEDECK_RATE_LIMIT,
    leaseMs: data.TAPEDECK_LEASE_SECONDS * 1_000,
    corsOrigins: data.TAPEDECK_CORS_ORIGINS,
    user: data.USER,
    isWithinNpm: data.npm_lifecycle_event !== undefined,
  };
}

function readSecretFile(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  violations: string[],
): string | undefined {
  const file = env[`${name}_FILE`];
  if (file === undefined || file === '') return env[name];
  try {
    return readTextFile(file, MAX_SECRET_BYTES).trim();
  } catch (error) {
    violations.push(`${name}_FILE: "${file}" ${(error as Error).message}`);
    return undefined;
  }
}

/** As a browser sends it: scheme, host and port, without a path. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
