/** The examples of the documents, followed in their order on a system that was just started: what they show is what comes. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, endChildrenAfterwards, ROOT, startTapedeck } from '../support/child.ts';
import { unless } from '../support/unless.ts';

const SCRIPT = '/usr/bin/script';

endChildrenAfterwards();

interface Started {
  address: string;
  readonly data: string;
}

/** Each group has its own: what one asks for must not be there for the other, in whichever order they come. */
function justStarted(): Started {
  const started = { address: '', data: mkdtempSync(join(tmpdir(), 'tapedeck-examples-')) };
  let system: Child;
  beforeAll(async () => {
    system = startTapedeck(['run', '--json'], { TAPEDECK_DATA: started.data, PORT: '0', TAPEDECK_LOG_LEVEL: 'info' });
    const output = await system.saw('"msg":"summary"');
    started.address = /"address":"([^"]+)"/.exec(output)?.[1] ?? '';
  }, 120_000);
  afterAll(async () => {
    system.process.kill('SIGTERM');
    await system.ended;
    rmSync(started.data, { recursive: true, force: true });
  });
  return started;
}

interface Example {
  readonly command: string;
  /** What it shows; empty where nothing is shown. */
  readonly shown: string;
}

/** What stands behind each `$`, with the lines up to the next or to the end of the block. */
function examplesIn(document: string): Example[] {
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/\\\n\s+/g, ' ');
  return [...text.matchAll(/^ {4}\$ (.*)\n((?: {4}(?!\$ ).*\n)*)/gm)].map(([, command, shown]) => ({
    command: command as string,
    shown: shown as string,
  }));
}

/** Without what is another each time: times of this run, positions, builds, ids of requests without a key, white space. */
function timeless(text: string): string {
  return text
    .replaceAll(/20(2[6-9]|[3-9]\d)-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/"(position|requestId)":"[^"]*"/g, '"$1"')
    .replaceAll(/(build |"codeVersion":")[0-9a-f]{12}/g, '$1BUILD')
    .replaceAll(/(tapedeck-position|etag): \S+/g, '$1')
    .replaceAll(/\s/g, '');
}

/** Every piece that is shown between two `...` must come, in their order. */
function expectShown(came: string, { command, shown }: Example): void {
  const answer = timeless(came);
  let at = 0;
  for (const piece of shown.split('...').map(timeless)) {
    const found = answer.indexOf(piece, at);
    expect({ command, piece, came: found < 0 ? answer : piece }).toEqual({ command, piece, came: piece });
    at = found + piece.length;
  }
}

/** Asks as `curl` would: with `-i` the status and the headers come first. */
async function curl(command: string, address: string): Promise<string> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);
  const after = (option: string): string[] => words.flatMap((word, index) => (words[index - 1] === option ? [word] : []));
  const url = words.find((word) => word.startsWith('localhost:3000')) ?? '';
  const [body] = after('-d');
  const answer = await fetch(url.replace('localhost:3000', address), {
    method: after('-X')[0] ?? (body === undefined ? 'GET' : 'POST'),
    headers: after('-H').map((header) => header.split(': ') as [string, string]),
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  if (!words.some((word) => /^-\w*i$/.test(word))) return text;
  // The server sends this one first; here they come in the order of the alphabet.
  const location = `location: ${answer.headers.get('location')}`;
  const others = [...answer.headers].map((pair) => pair.join(': '));
  return [`HTTP/1.1 ${answer.status} ${answer.statusText}`, location, ...others, '', text].join('\n');
}

/** What a person sees on a wide terminal. */
function seen(args: string, data: string): string {
  const { CI: _ci, FORCE_COLOR: _force, ...rest } = process.env;
  const env = { ...rest, TERM: 'xterm', NO_COLOR: '1', TAPEDECK_DATA: data };
  const command = `stty columns 250; "${process.execPath}" src/main.ts ${args}`;
  return stripVTControlCharacters(spawnSync(SCRIPT, ['-qec', command, '/dev/null'], { cwd: ROOT, encoding: 'utf8', env }).stdout);
}

/** Those that change nothing, asked of a tape that is as `npm start` has left it. */
const LOOKS =
  /^\.\/tapedeck (status|orders|positions|events --(type|stream|correlation 4d18)|projections (list|verify|parked))(?!.*(\||--json))/;

describe('the command line', unless(existsSync(SCRIPT), `${SCRIPT} is not installed`), () => {
  const started = justStarted();
  const examples = ['README.md', 'docs/reference/cli.md'].flatMap(examplesIn);
  it.each(examples.filter(({ command, shown }) => LOOKS.test(command) && shown !== ''))(
    'answers `$command` as the documents show',
    { timeout: 30_000 },
    (example) => expectShown(seen(example.command.replace('./tapedeck ', ''), started.data), example),
  );
});

describe('the API', () => {
  const started = justStarted();
  const isAsked = ({ command, shown }: Example) => command.startsWith('curl ') && shown !== '' && !command.includes('$KEY');
  // One after the other, as they are followed; the sessions of docs/reference/cli.md are played, and so have another time.
  it.each(['README.md', 'docs/reference/api.md'])('answers as %s shows', { timeout: 60_000 }, async (document) => {
    const examples = examplesIn(document).filter(isAsked);
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) expectShown(await curl(example.command, started.address), example);
  });
});
