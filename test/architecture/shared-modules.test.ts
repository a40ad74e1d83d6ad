/** Test files of one project share what they import: it is loaded for the first of them alone. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const TESTS = join(import.meta.dirname, '..');
/** At the top of a module, and not within a function that the test file calls. */
const HOOK = /^(before|after|on)(All|Each|TestFinished)\(/m;

it('nothing that test files import has a hook at its top, which the second file would not have', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const imported = files.filter((file) => !file.endsWith('.test.ts'));
  expect(imported.length).toBeGreaterThan(50);
  expect(imported.filter((file) => HOOK.test(readFileSync(join(TESTS, file), 'utf8')))).toEqual([]);
});
