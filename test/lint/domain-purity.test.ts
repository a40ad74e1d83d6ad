/**
 * Law 1, held by lint: each fixture is one way to break it, written into a copy of the repository's own lint
 * settings, and biome must refuse every one of them by the rule that is meant to.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, findingsOf } from './biome-run.ts';

interface DomainFixture {
  readonly rule: string;
  readonly what: string;
  readonly code: string;
  /** Where in the tree the code is put, each in a file of its own; somewhere in src/domain/market unless said otherwise. */
  readonly path?: string;
}

const GLOBALS = [
  ...['Date', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Promise', 'Atomics', 'performance', 'process'],
  ...['navigator', 'crypto', 'fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource', 'MessageChannel', 'BroadcastChannel'],
  ...['Worker', 'console', 'require', 'module', 'WeakRef', 'FinalizationRegistry', 'Intl', 'parseFloat', 'eval', 'Function'],
  ...['globalThis', 'global', 'self', 'window'],
];

const REFUSED: readonly DomainFixture[] = [
  ...GLOBALS.map((name) => ({ rule: 'noRestrictedGlobals', what: `the global ${name}`, code: `export const seen = [${name}];` })),
  { rule: 'noRestrictedGlobals', what: 'a clock read', code: 'export const now = () => Date.now();' },
  { rule: 'noRestrictedGlobals', what: 'a new date', code: 'export const now = () => new Date();' },

  { rule: 'no-async', what: 'an async function', code: 'export async function f(a: number): Promise2 { return g(a); }' },
  { rule: 'no-async', what: 'an async arrow', code: 'export const f = async (a: number) => a;' },
  { rule: 'no-async', what: 'a generic async arrow', code: 'export const f = async <T>(a: T): Promise2<T> => a;' },
  { rule: 'no-async', what: 'an async arrow with a bare parameter', code: 'export const f = async a => a;' },
  { rule: 'no-async', what: 'an async function expression', code: 'export const f = async function () {};' },
  { rule: 'no-async', what: 'an async default export', code: 'export default async function () {}' },
  { rule: 'no-async', what: 'an async method', code: 'export class A { async f() {} }' },
  { rule: 'no-async', what: 'a private async method', code: 'export class A { private async f(): Promise2<void> {} }' },
  { rule: 'no-async', what: 'a static async method', code: 'export class A { static async f() {} }' },
  { rule: 'no-async', what: 'an async generator method', code: 'export class A { async *f() {} }' },
  { rule: 'no-async', what: 'an async method of an object', code: 'export const a = { async f() {} };' },
  { rule: 'no-async', what: 'an async generator', code: 'export async function* f() { yield 1; }' },
  { rule: 'no-async', what: 'an await at the top', code: 'export const a = await b;' },
  { rule: 'no-async', what: 'a for-await loop at the top', code: 'for await (const a of b) c(a);' },

  { rule: 'no-inexact-math', what: 'a power', code: 'export const a = (b: number) => 10 ** b;' },
  { rule: 'no-inexact-math', what: 'a power of a call', code: 'export const a = (b: number) => f(b) ** -2;' },
  { rule: 'no-inexact-math', what: 'a power assigned', code: 'export function f(b: number) { let a = b; a **= 2; return a; }' },
  { rule: 'no-inexact-math', what: 'a power assigned to an element', code: 'export function f(a: number[]) { a[g(0)] **= 2; }' },
  ...[
    'random',
    'pow',
    'exp',
    'expm1',
    'log',
    'log2',
    'log10',
    'log1p',
    'sin',
    'cos',
    'tan',
    'tanh',
    'cbrt',
    'hypot',
    'atan2',
  ].map((name) => ({
    rule: 'no-inexact-math',
    what: `Math.${name}`,
    code: `export const a = (b: number) => Math.floor(Math.${name}(b));`,
  })),
  { rule: 'no-inexact-math', what: 'Math.random by its name in a string', code: "export const a = () => Math['random']();" },
  { rule: 'no-inexact-math', what: 'Math.random taken apart', code: 'const { random } = Math; export const a = () => random();' },
  { rule: 'no-inexact-math', what: 'Math under another name', code: 'const m = Math; export const a = () => m.random();' },
  { rule: 'no-inexact-math', what: 'an optional Math.random', code: 'export const a = () => Math?.random();' },

  ...['localeCompare', 'toLocaleString', 'toLocaleUpperCase', 'toLocaleLowerCase', 'toLocaleDateString'].map((name) => ({
    rule: 'no-locale',
    what: name,
    code: `export const a = (b: string) => b.${name}('c');`,
  })),
  { rule: 'no-locale', what: 'an optional localeCompare', code: "export const a = (b?: string) => b?.localeCompare('c');" },
  {
    rule: 'no-locale',
    what: 'localeCompare by its name in a string',
    code: "export const a = (b: string) => b['localeCompare']('c');",
  },
  { rule: 'no-locale', what: 'localeCompare taken apart', code: "const { localeCompare } = ''; export const a = localeCompare;" },
  { rule: 'no-locale', what: 'localeCompare renamed', code: "const { localeCompare: a } = ''; export const b = a;" },
  { rule: 'no-locale', what: 'Number.parseFloat', code: 'export const a = (b: string) => Number.parseFloat(b);' },

  { rule: 'no-hidden-order', what: 'a for-in loop', code: 'export function f(a: object) { for (const b in a) g(b); }' },

  { rule: 'no-shared-state', what: 'a let at the top', code: 'let a = 1; export const f = () => a++;' },
  { rule: 'no-shared-state', what: 'an exported let', code: 'export let a: number;' },
  { rule: 'no-shared-state', what: 'a var at the top', code: 'var a = 1; export const f = () => a++;' },
  { rule: 'no-shared-state', what: 'a static field that changes', code: 'export class A { static count = 0; }' },
  {
    rule: 'no-shared-state',
    what: 'a private static field',
    code: 'export class A { private static last: string | null = null; }',
  },
  { rule: 'no-shared-state', what: 'a regular expression with a memory', code: 'export const A = /a/g;' },
  {
    rule: 'no-shared-state',
    what: 'a sticky regular expression',
    code: 'const A = /a/iy; export const f = (b: string) => A.test(b);',
  },

  { rule: 'no-code-loading', what: 'a dynamic import', code: "export const a = () => import('./interval.ts');" },
  { rule: 'no-code-loading', what: 'import.meta', code: 'export const a = import.meta.url;' },

  ...['node:fs', 'node:crypto', 'crypto', 'fs', 'pino', 'immer', '@eventstore/db-client', 'zod'].map((name) => ({
    rule: 'noRestrictedImports',
    what: `an import of ${name}`,
    code: `import * as a from '${name}'; export const b = a;`,
  })),
  ...['tape/id.ts', 'adapters/open.ts', 'runtime/ingest.ts', 'projections/orders.ts', 'api/server.ts', 'audit/why.ts'].map(
    (path) => ({
      rule: 'noRestrictedImports',
      what: `an import of src/${path}`,
      code: `import * as a from '../../${path}'; export const b = a;`,
    }),
  ),
  ...['ports/clock.ts', 'config/environment.ts', 'system.ts', 'logging.ts', 'main.ts', 'cli/commands/run.ts'].map((path) => ({
    rule: 'noRestrictedImports',
    what: `an export from src/${path}`,
    code: `export * from '../../${path}';`,
  })),
  {
    rule: 'noRestrictedImports',
    what: 'an import of node: beside the event schemas',
    code: "import { hash } from 'node:crypto'; export const a = hash;",
    path: 'src/domain/market/events.ts',
  },
  {
    rule: 'noRestrictedImports',
    what: 'an import of the tape beside the event schemas',
    code: "import { makeId } from '../../tape/id.ts'; export const a = makeId;",
    path: 'src/domain/order/events.ts',
  },
];

const ALLOWED: readonly DomainFixture[] = [
  { rule: '', what: 'what Math does exactly', code: 'export const a = (b: number) => Math.max(Math.floor(b), Math.abs(b), 0);' },
  {
    rule: '',
    what: 'a let inside of a function',
    code: 'export function f() { let a = 0; for (let i = 0; i < 2; i++) a += i; return a; }',
  },
  { rule: '', what: 'a let inside of an arrow', code: 'export const f = () => { let a = 0; a++; return a; };' },
  { rule: '', what: 'a constant of a class', code: 'export class A { static readonly LIMIT = 5; }' },
  { rule: '', what: 'a plain regular expression', code: 'export const A = /^[gy]/;' },
  { rule: '', what: 'a neighbour', code: "import { a } from '../decimal.ts'; export const b = a;" },
  { rule: '', what: 'zod in events.ts', code: "import { z } from 'zod'; export const a = z;", path: 'src/domain/desk/events.ts' },
  {
    rule: '',
    what: 'zod in settings',
    code: "import { z } from 'zod'; export const a = z;",
    path: 'src/domain/settings/settings.ts',
  },
  {
    rule: '',
    what: 'zod in strategies',
    code: "import { z } from 'zod'; export const a = z;",
    path: 'src/domain/strategy/rsi.ts',
  },
  {
    rule: '',
    what: 'a clock outside of the domain',
    code: 'export const now = () => Date.now();',
    path: 'src/adapters/system-time.ts',
  },
];

let findings: ReadonlyMap<string, readonly string[]>;

function pathOf(group: string, index: number, fixture: DomainFixture): string {
  return fixture.path ?? `src/domain/market/${group}-${index}.ts`;
}

function placed(group: string, fixtures: readonly DomainFixture[]): Fixture[] {
  return fixtures.map((fixture, index) => ({ code: fixture.code, path: pathOf(group, index, fixture) }));
}

beforeAll(() => {
  findings = findingsOf([...placed('refused', REFUSED), ...placed('allowed', ALLOWED)]);
}, 60_000);

describe('the domain is refused', () => {
  it.each(REFUSED.map((fixture, index) => ({ ...fixture, file: pathOf('refused', index, fixture) })))(
    '$what, by $rule',
    ({ file, rule }) => expect(findings.get(file) ?? []).toContain(rule),
  );
});

describe('the domain is allowed', () => {
  const rules = new Set(REFUSED.map(({ rule }) => rule));
  it.each(ALLOWED.map((fixture, index) => ({ ...fixture, file: pathOf('allowed', index, fixture) })))('$what', ({ file }) =>
    expect((findings.get(file) ?? []).filter((rule) => rules.has(rule))).toEqual([]),
  );
});
