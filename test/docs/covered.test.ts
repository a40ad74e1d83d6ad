/** Every route and every command is in the documents, and in a test that uses it as its user would. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CommandNode } from '../../src/cli/terminal/completion-scripts.ts';
import { givenApi } from '../api/given-api.ts';
import { ROOT, tapedeck } from '../support/child.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** Every file of tests but this one's folder. */
const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('docs'))
  .map((path) => read(join('test', path)));

/** The route as it is called, with something in the place of each parameter, or as it is described. */
function callOf(route: string): RegExp {
  const parts = route
    .split('/')
    .map((part) => (part.startsWith('{') ? '(\\{\\w+\\}|\\$\\{[^}]+\\}|[\\w.:-]+)' : part.replaceAll('.', '\\.')));
  return new RegExp(`${parts.join('/')}(?![\\w/{-])`);
}

it('every route is in the API reference and in a test', async () => {
  const api = await givenApi();
  const { body } = await api.get('/openapi.json');
  const routes = [...Object.keys(body.paths), '/openapi.json', '/docs'];
  expect(routes.length).toBeGreaterThan(25);
  const document = read('docs/reference/api.md');
  expect(routes.filter((route) => !callOf(route).test(document))).toEqual([]);
  expect(routes.filter((route) => !tests.some((text) => callOf(route).test(text)))).toEqual([]);
});

it("no document has npm look for the command: outside of the project it would fetch a stranger's", () => {
  const named = ['README.md', 'CONTRIBUTING.md', 'deploy', 'docs'].flatMap((path) =>
    statSync(join(ROOT, path)).isDirectory()
      ? readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' }).map((file) => join(path, file))
      : [path],
  );
  const files = named.filter((path) => statSync(join(ROOT, path)).isFile());
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((path) => /npx (-\S+ )*tapedeck [a-z-]/.test(read(path)))).toEqual([]);
});

it('every command is in the documents and in a test', async () => {
  const { stdout } = await tapedeck(['completion', 'bash', '--json']);
  const nodes = JSON.parse(stdout.split('\n')[0] as string) as CommandNode[];
  const commands = nodes.filter(({ path, commands }) => path !== '' && commands.length === 0).map(({ path }) => path.trim());
  expect(commands.length).toBeGreaterThan(15);
  const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => read(join('docs', name)))
    .join('\n');
  expect(commands.filter((command) => !documents.includes(`./tapedeck ${command}`))).toEqual([]);
  const isCalled = (command: string) => tests.some((text) => command.split(' ').every((word) => text.includes(`'${word}'`)));
  // What it prints needs a broker: `npm run test:backends`.
  expect(commands.filter((command) => command !== 'consume' && !isCalled(command))).toEqual([]);
});
