/** `tapedeck keys`: makes, lists and revokes API keys. Running servers notice within a second. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { systemTime } from '../../adapters/system-time.ts';
import { API_SCOPES, type ApiScope, addKey, readKeys, revokeKey, type StoredKey } from '../../config/api-keys.ts';
import { readConfig } from '../../config/environment.ts';
import { DAY_MS, epochMs } from '../../domain/time.ts';
import { instant } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer, answerAll, type OutputOptions } from '../terminal/output.ts';
import { complain } from '../terminal/print.ts';
import { tableOr } from '../terminal/table.ts';

interface AddOptions extends OutputOptions {
  readonly scope: ApiScope;
  /** Milliseconds since the epoch. */
  readonly expires?: number;
}

export function keysCommand(command: Command): void {
  for (const part of [addCommand, listCommand, revokeCommand]) command.addCommand(part());
  withExamples(command, [
    'tapedeck keys add alice --scope trade',
    'tapedeck keys add grafana --scope read --expires 90d',
    'tapedeck keys list',
    'tapedeck keys revoke grafana',
  ]);
}

function addCommand(): Command {
  return new Command('add')
    .description('make a key and print it once; only its hash is stored')
    .argument('<name>', 'name of the key; requests made with it are recorded under this name')
    .addOption(new Option('--scope <scope>', 'what the key may do').choices([...API_SCOPES]).default('read'))
    .option('--expires <when>', 'when it expires: a time (ISO 8601) or a number of days such as 90d; without it never', expiry)
    .option('--json', 'print the key as one JSON line')
    .action(async (name: string, options: AddOptions) => {
      const { scope, expires } = options;
      const key = await addKey(folder(), { name, scope, expiresAt: expires ?? null }, systemTime);
      const expiresAt = expires === undefined ? null : new Date(expires).toISOString();
      answer(options, { name, scope, expiresAt, key }, () => [
        key,
        '',
        `${name} may ${scope}${expiresAt === null ? '' : ` until ${expiresAt}`}. This key is not shown again; send it as "Authorization: Bearer KEY".`,
      ]);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('list the keys, without their secrets')
    .option('--json', 'print one JSON line per key')
    .action(async (options: OutputOptions) => {
      const { keys, unreadable } = await readKeys(folder());
      for (const { file, reason } of unreadable) complain(`${file} is no API key: ${reason}`);
      if (unreadable.length > 0) process.exitCode = 1;
      const shown = keys.map(({ sha256, ...key }) => ({ ...key, expired: hasExpired(key) }));
      answerAll(options, shown, () =>
        tableOr(
          'no keys, but those of TAPEDECK_API_KEYS',
          ['key', 'may', 'made', 'expires'],
          keys.map((key) => [key.name, key.scope, key.createdAt, expiryText(key)]),
        ),
      );
    });
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('revoke a key')
    .argument('<name>', 'name of the key')
    .option('--json', 'print the outcome as one JSON line')
    .action(async (name: string, options: OutputOptions) => {
      await revokeKey(folder(), name);
      answer(options, { name, revoked: true }, () => [`${name} is revoked; servers refuse the key within a second`]);
    });
}

function folder(): string {
  return readConfig(process.env).keyFolder;
}

function hasExpired({ expiresAt }: Pick<StoredKey, 'expiresAt'>): boolean {
  return expiresAt !== null && epochMs(expiresAt) <= systemTime.now();
}

function expiryText(key: StoredKey): string {
  if (key.expiresAt === null) return 'never';
  return hasExpired(key) ? `expired ${key.expiresAt}` : key.expiresAt;
}

function expiry(text: string): number {
  const days = /^([1-9]\d{0,4})d$/.exec(text);
  if (days !== null) return systemTime.now() + Number(days[1]) * DAY_MS;
  try {
    return epochMs(instant(text));
  } catch {
    throw new InvalidArgumentError('give a time such as 2026-12-31, or a number of days such as 90d');
  }
}
