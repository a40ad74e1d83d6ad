/** The documents lead somewhere: each link has a target, and each document is reached from the README. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/child.ts';

const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const all = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...documents];

/** The file and the heading that each link of a document names, relative to the project. */
function linksOf(document: string): { readonly file: string; readonly heading: string | undefined }[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target as string)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => {
      const [path = '', heading] = target.split('#');
      return { file: path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path)), heading };
    });
}

/** A heading as a link names it. */
function anchorsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

it.each(all)('each link of %s leads somewhere', (document) => {
  const broken = linksOf(document).filter(
    ({ file, heading }) =>
      !existsSync(join(ROOT, file)) || (heading !== undefined && !anchorsOf(file).includes(heading.toLowerCase())),
  );
  expect(broken).toEqual([]);
});

it('each document is reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const document of reached) {
    for (const { file } of linksOf(document)) if (file.endsWith('.md') && existsSync(join(ROOT, file))) reached.add(file);
  }
  expect(all.filter((document) => !reached.has(document))).toEqual([]);
});

/** Files of the project that a document or a comment names in its text. */
it.each(all)('each file that %s names is there', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
  const named = [...text.matchAll(/`((?:src|test|docs|bench|scripts|deploy|settings|lint|schemas|data)\/[\w./-]+\.\w+)`/g)];
  const missing = named.map(([, path]) => path as string).filter((path) => !existsSync(join(ROOT, path)));
  expect(missing).toEqual([]);
});
