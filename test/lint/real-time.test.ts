/** Time behind a door, held by lint: each fixture is one way around it, and biome must refuse it outside of the door. */

import { beforeAll, describe, expect, it } from 'vitest';
import { findingsOf } from './biome-run.ts';

const DOOR = 'src/adapters/system-time.ts';

const WAYS_AROUND: readonly { readonly rule: string; readonly what: string; readonly code: string }[] = [
  ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
    rule: 'noRestrictedGlobals',
    what: `the global ${name}`,
    code: `export const wait = (call: () => void) => ${name}(call, 5);`,
  })),
  ...['node:timers', 'node:timers/promises'].map((name) => ({
    rule: 'noRestrictedImports',
    what: `an import of ${name}`,
    code: `import { setTimeout as sleep } from '${name}'; export const a = sleep;`,
  })),
  {
    rule: 'noRestrictedImports',
    what: 'an import of randomUUID',
    code: "import { randomUUID } from 'node:crypto'; export const a = randomUUID();",
  },
  {
    rule: 'noRestrictedImports',
    what: 'an import of performance',
    code: "import { performance as p } from 'node:perf_hooks'; export const a = p.now();",
  },
  ...[
    ['Date.now', 'Date.now()'],
    ['Date.now as a value', '[1].map(Date.now)'],
    ['Date.now within a date', 'new Date(Date.now())'],
    ['a new date', 'new Date()'],
    ['a new date without parentheses', 'new Date'],
    ['a new date within another', 'new Date(new Date())'],
    ['a date as a text', 'Date()'],
    ['Date under another name', '((d: { now(): number }) => d.now())(Date)'],
    ['Date.now by its name in a string', "Date['now']()"],
    ['performance.now', 'performance.now()'],
    ['performance under another name', '((p: { now(): number }) => p.now())(performance)'],
    ['Math.random', 'Math.random()'],
    ['Math.random by its name in a string', "Math['random']()"],
    ['Math.random taken apart', '(({ random }: { random(): number }) => random())(Math)'],
    ['AbortSignal.timeout', 'AbortSignal.timeout(5)'],
    ['process.hrtime', 'process.hrtime()'],
    ['process.hrtime.bigint', 'process.hrtime.bigint()'],
    ['crypto.randomUUID', 'crypto.randomUUID()'],
  ].map(([what = '', code = '']) => ({ rule: 'no-real-time', what, code: `export const a = () => ${code};` })),
];

const ALLOWED: Readonly<Record<string, string>> = {
  'a date of a time': 'export const a = (ms: number) => new Date(ms).toISOString();',
  'a time in UTC': 'export const a = () => Date.UTC(2026, 0, 1) - Date.parse("2026-01-01");',
  'what Math does without chance': 'export const a = (b: number) => Math.max(1, Math.pow(2, b));',
  'when the process began': 'export const a = () => performance.timeOrigin + performance.eventLoopUtilization().active;',
  'bytes of a secret': "import { randomBytes } from 'node:crypto'; export const a = () => randomBytes(32);",
  'a date as a type': 'export const a = (b: unknown): Date | null => (b instanceof Date ? b : null);',
};

const inRuntime = (index: number): string => `src/runtime/process/way-${index}.ts`;
const inScript = (index: number): string => `test/way-${index}.ts`;
const allowed = (index: number): string => `src/api/allowed-${index}.ts`;

let findings: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  findings = findingsOf([
    ...WAYS_AROUND.flatMap(({ code }, index) => [
      { path: inRuntime(index), code },
      { path: inScript(index), code },
    ]),
    {
      path: DOOR,
      code: WAYS_AROUND.map(({ code }, index) => code.replace(/export const (\w+)/, `export const $1${index}`)).join('\n'),
    },
    ...Object.values(ALLOWED).map((code, index) => ({ path: allowed(index), code })),
  ]);
}, 60_000);

const RULES = new Set(WAYS_AROUND.map(({ rule }) => rule));
const refusals = (path: string): string[] => (findings.get(path) ?? []).filter((rule) => RULES.has(rule));

describe('a part that waits, measures or draws lots by itself is refused', () => {
  it.each(WAYS_AROUND.map((way, index) => ({ ...way, index })))('$what, by $rule', ({ index, rule }) =>
    expect(refusals(inRuntime(index))).toContain(rule),
  );
});

describe('time and chance are let in', () => {
  it('in the file that asks Node for them', () => expect(refusals(DOOR)).toEqual([]));

  it('in tests', () => expect(WAYS_AROUND.flatMap((_way, index) => refusals(inScript(index)))).toEqual([]));

  it.each(Object.keys(ALLOWED).map((what, index) => ({ what, index })))('where they are none: $what', ({ index }) =>
    expect(refusals(allowed(index))).toEqual([]),
  );
});
