/** Reads a settings file. */

import { dirname, resolve } from 'node:path';
import { checkSettings } from '../domain/settings/check.ts';
import type { Settings } from '../domain/settings/settings.ts';
import { UserError } from '../domain/user-error.ts';
import { memberTwice, placeOfMistake } from '../json-text.ts';
import { readTextFile } from '../text-file.ts';

/** Longest settings file. */
const MAX_BYTES = 16_777_216;

/** The settings cannot be used; the message names the file and every violation with its path. */
export class SettingsError extends UserError {
  readonly violations: readonly string[];

  constructor(file: string, violations: readonly string[]) {
    const count = violations.length === 1 ? 'one mistake' : `${violations.length} mistakes`;
    super(`${file} cannot be used, it has ${count}:\n${violations.map((violation) => `  ${violation}`).join('\n')}`);
    this.violations = violations;
  }
}

/** There is nothing to check: the file cannot be read. */
export class UnreadableSettingsError extends SettingsError {}

/** Reads and checks a settings file. Throws SettingsError with every violation, UnreadableSettingsError without a file. */
export async function loadSettings(file: string): Promise<Settings> {
  const checked = checkSettings(parseJson(file, readText(file)));
  if ('violations' in checked) throw new SettingsError(file, checked.violations);
  return checked.settings;
}

function readText(file: string): string {
  try {
    return readTextFile(file, MAX_BYTES);
  } catch (error) {
    throw new UnreadableSettingsError(file, [`(file): ${(error as Error).message}; name another with TAPEDECK_SETTINGS`]);
  }
}

function parseJson(file: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(file, [`(file): is not JSON: look at ${placeOfMistake(text, error as Error)}`]);
  }
  const twice = memberTwice(text);
  if (twice === undefined) return value;
  throw new SettingsError(file, [`(file): the member ${JSON.stringify(twice)} stands twice in one object; leave one out`]);
}

/** Where a recording that the settings name lies: relative paths are relative to the settings file. */
export function recordingPath(settingsFile: string, recording: string): string {
  return resolve(dirname(settingsFile), recording);
}
