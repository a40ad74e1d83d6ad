/** Reads a settings file. */

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkSettings } from '../domain/settings/check.ts';
import type { Settings } from '../domain/settings/settings.ts';
import { UserError } from '../domain/user-error.ts';

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
  const checked = checkSettings(parseJson(file, await readText(file)));
  if ('violations' in checked) throw new SettingsError(file, checked.violations);
  return checked.settings;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnreadableSettingsError(file, [`(file): cannot be read (${code}); name another with TAPEDECK_SETTINGS`]);
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SettingsError(file, [`(file): is not JSON, ${(error as Error).message}`]);
  }
}

/** Where a recording that the settings name lies: relative paths are relative to the settings file. */
export function recordingPath(settingsFile: string, recording: string): string {
  return resolve(dirname(settingsFile), recording);
}
