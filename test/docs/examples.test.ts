/** The examples of the documents, followed in their order on what the first start has made: what they show is what comes. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, endChildrenAfterwards, ROOT, startTapedeck } from '../support/child.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { unless } from '../support/unless.ts';

const SCRIPT = '/usr/bin/script';

endChildrenAfterwards();

const temporary = new TemporaryFolder();

interface Started {
  address: string;
  readonly data: string;
}

async function start(data: string): Promise<{ readonly system: Child; readonly address: string }> {
  const system = startTapedeck(['run', '--json'], { TAPEDECK_DATA: data, PORT: '0', TAPEDECK_LOG_LEVEL: 'info' });
  const output = await system.saw('"msg":"summary"');
  return { system, address: /"address":"([^"]+)"/.exec(output)?.[1] ?? '' };
}

async function stop(system: Child): Promise<void> {
  system.process.kill('SIGTERM');
  expect(await system.ended).toMatchObject({ code: 0, stderr: '' });
}

async function firstStart(): Promise<string> {
  const data = temporary.newFolder();
  await stop((await start(data)).system);
  return data;
}

let first: Promise<string> | undefined;
/** The folder with what the first start makes of the recordings, which nobody changes. */
function made(): Promise<string> {
  first ??= firstStart();
  return first;
}

/** Each group has its own copy: what one asks for must not be there for the other, in whichever order they come. */
function justStarted(): Started {
  const started = { address: '', data: temporary.newFolder() };
  let system: Child;
  beforeAll(async () => {
    cpSync(await made(), started.data, { recursive: true });
    ({ system, address: started.address } = await start(started.data));
  }, 120_000);
  afterAll(() => stop(system));
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
    .replaceAll(/20(2[6-9]|[3-9]\d)-\d\d-\d\dT[\d:.]+Z?/g, 'TIME')
    .replaceAll(/"(position|requestId)":"[^"]*"/g, '"$1"')
    .replaceAll(/(build |"codeVersion":")[0-9a-f]{12}/g, '$1BUILD')
    .replaceAll(/(tapedeck-position|etag): \S+/g, '$1')
    .replaceAll(/\(request [0-9a-f-]{36}\)/g, '(request)')
    .replaceAll(/tapedeck_[\w-]{43}/g, 'KEY')
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
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, ...kinds]) => kinds.find((kind) => kind !== undefined) ?? '')
    .slice(1);
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

/** Requests of a person, while an engine runs. */
const REQUESTS = /^\.\/tapedeck (halt|resume|flatten|cancel-all) /;

const cliExamples = ['README.md', 'docs/reference/cli.md'].flatMap(examplesIn);
const shownOf = (pattern: RegExp) => cliExamples.filter(({ command, shown }) => pattern.test(command) && shown !== '');
const followed = (example: Example, data: string) => expectShown(seen(example.command.replace('./tapedeck ', ''), data), example);

describe('the command line', unless(existsSync(SCRIPT), `${SCRIPT} is not installed`), () => {
  // The first of them waits for the first start. A look changes nothing.
  it.each(shownOf(LOOKS))('answers `$command` as the documents show', { timeout: 120_000 }, async (example) =>
    followed(example, await made()),
  );
});

describe('requests on the command line', unless(existsSync(SCRIPT), `${SCRIPT} is not installed`), () => {
  const started = justStarted();
  it('are answered as the documents show, one after the other', { timeout: 60_000 }, () => {
    const requests = shownOf(REQUESTS).filter(({ shown }) => !shown.includes('no engine is running'));
    expect(requests.length).toBeGreaterThan(3);
    for (const example of requests) followed(example, started.data);
  });
});

const apiExamples = ['README.md', 'docs/reference/api.md'].flatMap(examplesIn).filter(({ shown }) => shown !== '');
const isOfKeys = ({ command }: Example) => command.startsWith('./tapedeck keys ');
/** The keys come last in the documents: from the first on every request needs one. */
const firstOfKeys = apiExamples.findIndex(isOfKeys);

describe('the API', () => {
  const started = justStarted();
  // In the order of a reader; the sessions of docs/reference/cli.md are played, and so have another time.
  it('answers as README.md and docs/reference/api.md show', { timeout: 60_000 }, async () => {
    const requests = apiExamples.slice(0, firstOfKeys).filter(({ command }) => command.startsWith('curl '));
    expect(requests.length).toBeGreaterThan(10);
    for (const example of requests) expectShown(await curl(example.command, started.address), example);
  });
});

/** How long a server may take to notice a key that was made or revoked. */
const NOTICED_MS = 1100;

describe('the keys of the API', unless(existsSync(SCRIPT), `${SCRIPT} is not installed`), () => {
  const started = justStarted();
  it('are made, asked for and revoked as docs/reference/api.md shows', { timeout: 60_000 }, async () => {
    const examples = apiExamples.slice(firstOfKeys).filter((example) => isOfKeys(example) || example.command.startsWith('curl '));
    expect(examples.filter(isOfKeys).length).toBeGreaterThan(3);
    let key = 'none';
    for (const example of examples) {
      if (!isOfKeys(example)) {
        expectShown(await curl(example.command.replace('$KEY', key), started.address), example);
        continue;
      }
      const answer = seen(example.command.replace('./tapedeck ', ''), started.data);
      expectShown(answer, example);
      // The first that is made is the one that may trade.
      if (key === 'none') key = /tapedeck_[\w-]{43}/.exec(answer)?.[0] ?? 'none';
      await sleep(NOTICED_MS);
    }
  });
});

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly example?: string;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: object }>> };
}

/** Of an order that is closed: there is nothing to cancel. */
const REFUSED: Readonly<Record<string, number>> = { cancelOrder: 409 };

describe('the OpenAPI document', () => {
  const started = justStarted();
  it('has examples for all that an operation needs, and they work as they stand', { timeout: 60_000 }, async () => {
    const document = (await (await fetch(`${started.address}/openapi.json`)).json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
    };
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(25);
    for (const { path, method, operationId, parameters = [], requestBody } of operations) {
      const given = (kind: string) =>
        parameters.filter(
          (parameter) => parameter.in === kind && (parameter.required === true || parameter.example !== undefined),
        );
      const missing = parameters.filter(({ required, example }) => required === true && example === undefined);
      expect([operationId, missing.map(({ name }) => name)]).toEqual([operationId, []]);
      const called = given('path').reduce((url, { name, example }) => url.replace(`{${name}}`, example ?? ''), path);
      const query = new URLSearchParams(Object.fromEntries(given('query').map(({ name, example }) => [name, example ?? ''])));
      const body = requestBody?.content['application/json']?.example;
      expect([operationId, body === undefined]).toEqual([operationId, requestBody === undefined]);
      const answer = await fetch(`${started.address}${called}?${query}`, {
        method: method.toUpperCase(),
        headers: {
          ...Object.fromEntries(given('header').map(({ name, example }) => [name, example ?? ''])),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const expected = REFUSED[operationId] ?? (method === 'post' ? 202 : 200);
      const text = await answer.text();
      expect([operationId, answer.status, text]).toEqual([operationId, expected, expect.any(String)]);
      // A list that shows nothing shows nobody what it is good for.
      if (/^list/.test(operationId)) expect([operationId, JSON.parse(text).data[0]]).toEqual([operationId, expect.anything()]);
    }
  });
});
