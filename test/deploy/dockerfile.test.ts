/** The image: small, not root, and with all that the product needs at run time. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf } from '../architecture/import-rules.ts';
import { DOCKERFILE, filesIn, IMAGE_PORT, ROOT, textOf } from './manifests.ts';

const { dependencies, devDependencies } = JSON.parse(textOf('package.json'));

const instructions = DOCKERFILE.replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'));
const ofKind = (kind: string): string[] =>
  instructions.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1).trim());
const finalStage = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));

describe('the image', () => {
  it('runs the Node.js that the project is pinned to', () => {
    for (const from of ofKind('FROM')) expect(from).toMatch(new RegExp(`^node:${devDependencies.node}-bookworm-slim`));
  });

  it('installs from the lock file, without development packages and without install scripts', () => {
    expect(ofKind('RUN').filter((command) => command.includes('npm'))).toEqual([
      'npm ci --omit=dev --ignore-scripts && npm cache clean --force',
    ]);
  });

  it('needs no development package: what src imports is a dependency', () => {
    const sources = filesIn('src').filter((file) => file.endsWith('.ts'));
    const imported = new Set(sources.flatMap((file) => importsOf(textOf(join('src', file)))));
    const packages = [...imported]
      .filter((name) => !/^(\.|node:)/.test(name))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    expect(packages.filter((name) => dependencies[name] === undefined)).toEqual([]);
    expect(packages.length).toBeGreaterThan(5);
  });

  it('is not root, and is told so before anything of its own starts', () => {
    const at = (start: string) => finalStage.findIndex((line) => line.startsWith(start));
    expect(finalStage.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
    expect(at('USER node')).toBeLessThan(at('ENTRYPOINT'));
    expect(finalStage.slice(at('USER node')).filter((line) => /^(RUN|COPY|ADD)/.test(line))).toEqual([]);
  });

  it('starts Node.js itself, without a shell between it and the signals', () => {
    expect(ofKind('ENTRYPOINT').map((command) => JSON.parse(command))).toEqual([['node', 'src/main.ts']]);
    expect(ofKind('CMD').map((command) => JSON.parse(command))).toEqual([['run']]);
    expect(ofKind('STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  it('asks the process itself how it is', () => {
    expect(ofKind('HEALTHCHECK').join()).toContain('/livez');
    expect(ofKind('EXPOSE')).toEqual([String(IMAGE_PORT)]);
  });

  it('takes in what is there, and only what is named', () => {
    const copied = ofKind('COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(' ').slice(0, -1));
    const [first, ...named] = textOf('.dockerignore').trim().split('\n');
    expect(first).toBe('*');
    expect(named.map((line) => line.replace(/^!/, '')).sort()).toEqual([...new Set(copied)].sort());
    for (const file of copied) expect(existsSync(join(ROOT, file)), file).toBe(true);
  });
});
