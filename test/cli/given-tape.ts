/** A real tape for tests of commands: made once by `tapedeck run`, from the heads of both shipped recordings. */

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Child, type Ended, endChildrenAfterwards, startTapedeck, tapedeck } from '../support/child.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';

/** At the end of each recording the crossover of the candles, "golden-cross", is flat, and "quick-cross" holds a position. */
const CANDLES = 400;
const FRAMES = 1_500;

export interface GivenTape {
  /** Runs a command to its end on the tape in `folder`, by default the one that all tests share and none changes. */
  run(args: readonly string[], folder?: string): Promise<Ended>;
  /** A copy of the tape and its read models, for tests that change it. */
  copy(): string;
  /** An empty folder, for a tape of its own. */
  folder(): string;
  /** Starts the system on a tape and waits until it has caught up. */
  system(folder: string): Promise<Child>;
  /** Starts the system so that the session is played slowly, and people can trade; resolves with where the API answers. */
  session(folder: string): Promise<{ readonly system: Child; readonly address: string }>;
  /** The settings that were applied. */
  readonly settingsFile: string;
  /** What tells a command that the shared tape is meant. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Call once in a test file. Without colours and terminal, whatever runs the tests. */
export function givenTape(): GivenTape {
  const root = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
  const shared = join(root, 'shared');
  mkdirSync(shared);
  const settingsFile = writeRecordedHeads(root, CANDLES, FRAMES);
  let folders = 0;
  const folder = (): string => join(root, `folder-${++folders}`);
  const environment = (folder: string) => ({ TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: settingsFile, PORT: '0', USER: 'carol' });
  const system = async (folder: string, ...args: readonly string[]): Promise<Child> => {
    const child = startTapedeck(['run', ...args], environment(folder));
    await child.saw('"msg":"summary"');
    return child;
  };
  endChildrenAfterwards();
  beforeAll(async () => {
    // Nobody asks the API, whose thread takes a third of the start.
    const child = await system(shared, '--roles', 'engine,ingest,projections');
    child.process.kill('SIGTERM');
    await child.ended;
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return {
    settingsFile,
    environment: environment(shared),
    run: (args, folder = shared) => tapedeck(args, environment(folder)),
    system: (folder) => system(folder),
    folder,
    async session(data) {
      const child = startTapedeck(['run', '--pace', '0.02'], environment(data));
      const line = await child.saw('"address":"');
      return { system: child, address: /"address":"([^"]+)"/.exec(line)?.[1] ?? '' };
    },
    copy() {
      const made = folder();
      cpSync(shared, made, { recursive: true });
      return made;
    },
  };
}

/** What a command answered, line by line. */
export function linesOf({ code, stdout, stderr }: Ended, expected = 0) {
  if (code !== expected || stderr !== '') throw new Error(`the command ended with ${code}: ${stderr}${stdout}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
