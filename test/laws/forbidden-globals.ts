/**
 * Law 1 at run time. Loaded before every test (vitest.config.ts): clocks, timers, randomness, locale and the environment
 * throw when the code that asks for them lies in src/domain. Everybody else, such as vitest and fast-check, keeps them.
 */

/** Code that is held to law 1; the second folder has code that breaks it, to show that it is caught. */
const GUARDED = /[/\\](src[/\\]domain|test[/\\]laws[/\\]lawless)[/\\]/;
const THIS_FILE = /forbidden-globals\.ts/;

const GLOBALS = [
  ...['Date', 'Intl', 'performance', 'process', 'crypto', 'fetch', 'console', 'navigator', 'WeakRef', 'FinalizationRegistry'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'parseFloat', 'WebSocket'],
];

const EXACT_MATH = new Set(['abs', 'ceil', 'floor', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc']);

const guarded = Symbol.for('tapedeck.forbidden-globals');
const isGuarded = Reflect.has(globalThis, guarded);

/** Thrown in place of the answer; names what was asked for and where. One class, however many files share a process. */
export const ForbiddenGlobalError: new (message: string) => Error = isGuarded
  ? Reflect.get(globalThis, guarded)
  : class ForbiddenGlobalError extends Error {};

/** Enough to see past callbacks of built-in functions, which have no file, and this file's own two frames. */
const FRAMES = 8;

/** File and line of the nearest caller, without the cost of a stack put into words. */
function caller(): { readonly file: string; readonly line: number | null } {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES;
  Error.prepareStackTrace = (_error, sites) => sites;
  const sites = new Error().stack as unknown as readonly NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  for (const site of sites) {
    const file = site.getFileName();
    if (file != null && !THIS_FILE.test(file)) return { file, line: site.getLineNumber() };
  }
  return { file: '', line: null };
}

function refuseDomain(name: string): void {
  const { file, line } = caller();
  if (GUARDED.test(file)) throw new ForbiddenGlobalError(`${name} is forbidden in the domain (law 1): ${file}:${line}`);
}

function guardGlobal(name: string): void {
  const original = Object.getOwnPropertyDescriptor(globalThis, name);
  if (original?.configurable !== true) throw new Error(`the global ${name} is not there, or cannot be guarded`);
  let value = original.get ? undefined : original.value;
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: original.enumerable ?? false,
    get() {
      refuseDomain(name);
      return original.get ? original.get.call(globalThis) : value;
    },
    set(next: unknown) {
      if (original.set) original.set.call(globalThis, next);
      else value = next;
    },
  });
}

function guardMethod(owner: object, ownerName: string, name: string): void {
  const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
  Object.defineProperty(owner, name, {
    configurable: true,
    writable: true,
    enumerable: false,
    value: function refusing(this: unknown, ...args: unknown[]) {
      refuseDomain(`${ownerName}.${name}`);
      return original.apply(this, args);
    },
  });
}

if (!isGuarded) {
  Reflect.set(globalThis, guarded, ForbiddenGlobalError);
  for (const name of Object.getOwnPropertyNames(Math)) {
    if (typeof Reflect.get(Math, name) === 'function' && !EXACT_MATH.has(name)) guardMethod(Math, 'Math', name);
  }
  for (const name of ['localeCompare', 'toLocaleUpperCase', 'toLocaleLowerCase']) guardMethod(String.prototype, 'String', name);
  for (const type of [Number, BigInt, Array, Object, Date]) guardMethod(type.prototype, type.name, 'toLocaleString');
  guardMethod(Number, 'Number', 'parseFloat');
  for (const name of GLOBALS) guardGlobal(name);
}
