/** Who may import whom (DESIGN.md, "Layout"), as a function over a graph, so that it can itself be tested. */

import { posix } from 'node:path';

/** File (`src/tape/id.ts`) to what it imports, as written. */
export type Sources = ReadonlyMap<string, string>;

const FOUNDATION = ['tape', 'ports', 'waiting.ts', 'json-text.ts', 'text-file.ts', 'domain'];
const FIGURES = ['metrics.ts', 'logging.ts', 'bounded-output.ts'];

/**
 * A room is a folder under src, a folder under src/runtime, or a file at the top of src. Values: the rooms, or single
 * files, that it may import beside itself.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli'],
  cli: [
    'system.ts',
    'system-dependencies.ts',
    'api/serve.ts',
    'api/thread',
    'adapters/open.ts',
    'adapters/system-time.ts',
    'config',
    'audit',
    'requests',
    'queries',
    'runtime',
    'projections',
    ...FIGURES,
    ...FOUNDATION,
  ],
  'system.ts': [
    'system-dependencies.ts',
    'metric-families.ts',
    'queries/settings-in-force.ts',
    'runtime',
    'projections',
    ...FIGURES,
    ...FOUNDATION,
  ],
  'system-dependencies.ts': ['runtime', 'projections', ...FIGURES, ...FOUNDATION],
  api: [
    'config/api-keys.ts',
    'requests',
    'queries',
    'audit',
    'runtime',
    'projections',
    'system-dependencies.ts',
    ...FIGURES,
    ...FOUNDATION,
  ],
  audit: ['runtime/engine', ...FIGURES, ...FOUNDATION],
  requests: ['queries', 'runtime', 'projections', ...FOUNDATION],
  queries: ['runtime', 'projections', ...FOUNDATION],
  'runtime/ingest': ['runtime/engine', 'runtime/process', 'runtime/leases', 'projections', ...FIGURES, ...FOUNDATION],
  'runtime/projections': ['runtime/process', 'runtime/leases', 'projections', ...FIGURES, ...FOUNDATION],
  'runtime/engine': ['runtime/process', 'runtime/leases', 'projections', ...FIGURES, ...FOUNDATION],
  'runtime/stores': ['runtime/engine', 'runtime/projections', 'runtime/process', 'projections', ...FOUNDATION],
  'runtime/relay': ['runtime/process', 'runtime/leases', 'projections', ...FIGURES, ...FOUNDATION],
  'runtime/process': ['runtime/leases', 'projections', ...FIGURES, ...FOUNDATION],
  'runtime/leases': FOUNDATION,
  adapters: FOUNDATION,
  projections: FOUNDATION,
  config: FOUNDATION,
  'metric-families.ts': ['api/http/request-metrics.ts', 'runtime', ...FIGURES],
  'metrics.ts': ['histogram.ts', ...FOUNDATION],
  'histogram.ts': [],
  'logging.ts': ['metrics.ts', 'bounded-output.ts', ...FOUNDATION],
  'bounded-output.ts': FOUNDATION,
  'json-text.ts': [],
  'text-file.ts': [],
  'waiting.ts': ['ports', 'domain'],
  ports: ['tape', 'domain'],
  tape: ['domain'],
  domain: [],
};

/**
 * Folders and files of the exchange simulator, as above. It is written from the venues' documents and proves the
 * adapters, so neither side shares code with the other.
 */
const SIMULATOR_ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  market: ['core'],
  accounts: ['core', 'market'],
  faults: ['core', 'market', 'accounts'],
  exchange: ['core', 'market', 'accounts', 'faults'],
  venues: ['core', 'market', 'accounts', 'faults', 'exchange'],
  'server.ts': ['core'],
  'control.ts': ['core', 'faults', 'exchange', 'server.ts'],
  'main.ts': ['core', 'venues', 'server.ts', 'control.ts'],
};

/**
 * Rooms of the domain that not every other room of it may import, with the rooms and files that may. Lower ones are
 * not listed: whatever decides may look at them.
 */
const IMPORTERS_IN_DOMAIN: Readonly<Record<string, readonly string[]>> = {
  // The edge: it makes evidence before there is a tape, so nothing that decides may know it.
  feed: [],
  desk: ['reactors.ts'],
  'venue/paper': ['reactors.ts'],
  account: ['desk', 'catalogue.ts'],
  risk: ['account', 'desk', 'settings'],
  strategy: ['desk', 'settings', 'catalogue.ts', 'reactors.ts'],
};

/** Files that may reach what their room may not: they are where a process, or a thread of it, begins. */
const ENTRY_POINTS: Readonly<Record<string, readonly string[]>> = {
  'src/api/thread/api-worker.ts': ['metric-families.ts', 'adapters/open.ts', 'adapters/system-time.ts', 'config'],
};

/** These choose among adapters, and so know more than one. */
const OPENERS = ['src/adapters/open.ts', 'src/adapters/recordings/recording.ts', 'src/adapters/venues/venues.ts'];

/** Folders under src/adapters whose files are for all of them. */
const SHARED_AMONG_ADAPTERS: ReadonlySet<string> = new Set(['', '/venues', '/rules']);

/** Domain files that may use zod: they describe event data, settings, limits or strategy parameters. */
const ZOD_IN_DOMAIN = /^src\/domain\/(.*\/events|event|catalogue|settings\/settings|strategy\/.+|risk\/limits?(\/.+)?)\.ts$/;

const SIMULATOR = 'exchange-simulator';

const MOST_LINES = 300;

const MOST_FILES = 16;

/** Folders that are lists of one-file things: one file a read model, command, route, limit or kind, whatever their number. */
const LISTS: ReadonlySet<string> = new Set([
  'src/projections',
  'src/cli/commands',
  'src/api/routes',
  'src/domain/risk/limits',
  'src/domain/order/types',
  'src/domain/strategy/kinds',
]);

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
        if (roomOf(file) === 'domain' && !(specifier === 'zod' && ZOD_IN_DOMAIN.test(file))) {
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
  found.push(...fullFolders(sources));
  return [...found, ...circles(graph).map((circle) => `a circle: ${circle.join(' -> ')}`)];
}

/** Folders with more files than a reader takes in at a glance. */
function fullFolders(sources: Sources): string[] {
  const counts = new Map<string, number>();
  for (const file of sources.keys()) counts.set(posix.dirname(file), (counts.get(posix.dirname(file)) ?? 0) + 1);
  return [...counts]
    .filter(([folder, files]) => files > MOST_FILES && !LISTS.has(folder))
    .map(([folder, files]) => `${folder} has ${files} files: at most ${MOST_FILES}, one subject a folder`);
}

/** The room of a file: `tape`, `runtime/engine`, `main.ts`. */
function roomOf(file: string): string {
  const [, room = file, inner = '', rest] = file.split('/');
  return room === 'runtime' && rest !== undefined ? `runtime/${inner}` : room;
}

function objectionTo(file: string, target: string): string | undefined {
  if (file.startsWith(`${SIMULATOR}/`)) return objectionWithinSimulator(file, target);
  if (!target.startsWith('src/')) return 'it lies outside of src';
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === to) {
    if (from === 'domain') return objectionWithinDomain(file, target);
    return from === 'adapters' ? objectionBetweenAdapters(file, target) : undefined;
  }
  const allowed = ARROWS[from];
  if (allowed === undefined) return `${from} is not in the layout of DESIGN.md`;
  const isPermitted = [...allowed, ...(ENTRY_POINTS[file] ?? [])].some((part) => isWithin(target, part));
  return isPermitted ? undefined : `${from} may import ${allowed.join(', ') || 'nobody'}`;
}

function objectionWithinSimulator(file: string, target: string): string | undefined {
  if (!target.startsWith(`${SIMULATOR}/`)) return 'the exchange simulator imports nothing from outside of it';
  const [, from = '', venue] = file.split('/');
  const [, to = '', otherVenue] = target.split('/');
  if (from === to) {
    // What a venue's markets have in common: binance-spot may import binance.
    const isItsFamily = venue?.startsWith(`${otherVenue}-`) === true;
    return from === 'venues' && venue !== otherVenue && !isItsFamily ? 'venues do not import each other' : undefined;
  }
  const allowed = SIMULATOR_ARROWS[from];
  if (allowed === undefined) return `${from} is not in the layout of the exchange simulator`;
  return allowed.includes(to) ? undefined : `${from} may import ${allowed.join(', ') || 'nobody'}`;
}

function objectionWithinDomain(file: string, target: string): string | undefined {
  for (const [room, importers] of Object.entries(IMPORTERS_IN_DOMAIN)) {
    if (!isWithin(target, `domain/${room}`)) continue;
    if ([room, ...importers].some((importer) => isWithin(file, `domain/${importer}`))) return undefined;
    return `domain/${room} is imported by ${importers.join(', ') || 'nobody else in the domain'}`;
  }
  return undefined;
}

/** `part` is a file or a folder under src. */
function isWithin(target: string, part: string): boolean {
  return target === `src/${part}` || target.startsWith(`src/${part}/`);
}

/** An adapter is a folder under src/adapters, or under src/adapters/venues; undefined for files that all of them may use. */
function adapterOf(file: string): string | undefined {
  const adapter = posix.dirname(file).slice('src/adapters'.length);
  return SHARED_AMONG_ADAPTERS.has(adapter) ? undefined : adapter;
}

function objectionBetweenAdapters(file: string, target: string): string | undefined {
  const to = adapterOf(target);
  const isPermitted = OPENERS.includes(file) || to === adapterOf(file) || (to === undefined && !OPENERS.includes(target));
  return isPermitted ? undefined : 'adapters do not import each other';
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
