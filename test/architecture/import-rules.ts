/** Who may import whom (DESIGN.md, "Layout"), as a function over a graph, so that it can itself be tested. */

import { posix } from 'node:path';

/** File (`src/tape/id.ts`) to what it imports, as written. */
export type Sources = ReadonlyMap<string, string>;

const FOUNDATION = ['tape', 'ports.ts', 'domain'];

/** A part is a folder under src, or a file at its top. Values: the parts that it may import beside itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['commands'],
  commands: [
    'system.ts',
    'served-api.ts',
    'config.ts',
    'metrics.ts',
    'telemetry.ts',
    'adapters/open.ts',
    'audit',
    'runtime',
    ...FOUNDATION,
  ],
  'system.ts': ['config.ts', 'metrics.ts', 'telemetry.ts', 'api', 'audit', 'runtime', 'projections', ...FOUNDATION],
  'served-api.ts': ['metrics.ts', 'telemetry.ts', 'api', 'runtime', 'projections', ...FOUNDATION],
  api: ['metrics.ts', 'telemetry.ts', 'audit', 'runtime', 'projections', ...FOUNDATION],
  audit: ['telemetry.ts', 'runtime', 'projections', ...FOUNDATION],
  runtime: ['metrics.ts', 'telemetry.ts', 'projections', ...FOUNDATION],
  adapters: FOUNDATION,
  projections: FOUNDATION,
  'config.ts': ['domain'],
  'metrics.ts': FOUNDATION,
  'telemetry.ts': FOUNDATION,
  'ports.ts': ['tape', 'domain'],
  tape: ['domain'],
  domain: [],
};

/** These choose among adapters, and so know more than one. */
const OPENERS = ['src/adapters/open.ts', 'src/adapters/venues/recording.ts'];

/** Domain files that may use zod: they describe event data, settings or strategy parameters. */
const ZOD_IN_DOMAIN = /^src\/domain\/(.*\/events|event|catalogue|settings\/settings|strategy\/[^/]+)\.ts$/;

const MOST_LINES = 400;

const IMPORT = /(?:^|[;}\n])\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]\s*\)/g;

/** What a file imports or exports from elsewhere, types included, as written. */
export function importsOf(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
}

/** One line for every import, file name and file length that breaks the layout's rules. */
export function violations(sources: Sources): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, text] of sources) {
    const local: string[] = [];
    for (const specifier of importsOf(text)) {
      if (!specifier.startsWith('.')) {
        if (partOf(file) === 'domain' && !(specifier === 'zod' && ZOD_IN_DOMAIN.test(file))) {
          found.push(`${file} imports ${specifier}: the domain imports itself only, and zod in ${ZOD_IN_DOMAIN.source}`);
        }
        continue;
      }
      const target = posix.join(posix.dirname(file), specifier);
      local.push(target);
      const objection = objectionTo(file, target);
      if (objection !== undefined) found.push(`${file} imports ${target}: ${objection}`);
      else if (!sources.has(target)) found.push(`${file} imports ${target}: there is no such file`);
    }
    graph.set(file, local);
    if (/(^|\/)index\.ts$/.test(file)) found.push(`${file}: no barrels; name the file by its subject`);
    const lines = text.split('\n').length - 1;
    if (lines > MOST_LINES) found.push(`${file} has ${lines} lines: at most ${MOST_LINES}, one subject a file`);
  }
  return [...found, ...circles(graph).map((circle) => `a circle: ${circle.join(' -> ')}`)];
}

function partOf(file: string): string {
  return file.split('/')[1] ?? file;
}

function objectionTo(file: string, target: string): string | undefined {
  if (!target.startsWith('src/')) return 'it lies outside of src';
  const from = partOf(file);
  const to = partOf(target);
  if (from === to) return from === 'adapters' ? objectionBetweenAdapters(file, target) : undefined;
  const allowed = ARROWS[from];
  if (allowed === undefined) return `${from} is not in the layout of DESIGN.md`;
  const permitted = allowed.some((part) => part === to || target === `src/${part}`);
  return permitted ? undefined : `${from} may import ${allowed.join(', ') || 'nobody'}`;
}

/** An adapter is a folder under src/adapters, or under src/adapters/venues; files beside those folders are for all of them. */
function adapterOf(file: string): string | undefined {
  const adapter = posix.dirname(file).slice('src/adapters'.length);
  return adapter === '' || adapter === '/venues' ? undefined : adapter;
}

function objectionBetweenAdapters(file: string, target: string): string | undefined {
  const to = adapterOf(target);
  const permitted = OPENERS.includes(file) || to === adapterOf(file) || (to === undefined && !OPENERS.includes(target));
  return permitted ? undefined : 'adapters do not import each other';
}

/** Every circle of imports once, each from its first file in the order of names. */
export function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of [...graph.keys()].sort()) visit(file, []);
  return found;
}
