import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circles, importsOf, violations } from './import-rules.ts';

const root = join(import.meta.dirname, '../..');

/** The sources under these folders of the project; packages of their own inside them are not ours. */
function readSources(folders: readonly string[]): Map<string, string> {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      file.replaceAll('\\', '/'),
    );
    for (const file of files.filter((name) => name.endsWith('.ts') && !name.startsWith('clients/'))) {
      sources.set(`${folder}/${file}`, readFileSync(join(root, folder, file), 'utf8'));
    }
  }
  return sources;
}

/** A made-up tree: file to the files that it imports. Files that are imported only are empty. */
function tree(imports: Readonly<Record<string, readonly string[]>>): Map<string, string> {
  const sources = new Map<string, string>();
  for (const [file, targets] of Object.entries(imports)) {
    const up = '../'.repeat(file.split('/').length - 1);
    for (const target of targets) if (isOurs(target)) sources.set(target, sources.get(target) ?? '');
    sources.set(file, targets.map((target) => `import '${isOurs(target) ? up + target : target}';\n`).join(''));
  }
  return sources;
}

function isOurs(target: string): boolean {
  return target.startsWith('src/') || target.startsWith('exchange-simulator/');
}

describe('the sources', () => {
  const sources = readSources(['src', 'exchange-simulator']);

  it('are found', () => expect(sources.size).toBeGreaterThan(25));

  it('import by the arrows of the layout, without circles or barrels, in files of one subject', () => {
    expect(violations(sources)).toEqual([]);
  });
});

describe('the rules refuse', () => {
  it.each([
    ['the domain that imports the tape', 'src/domain/order/order.ts', 'src/tape/id.ts'],
    ['the domain that imports Node', 'src/domain/order/order.ts', 'node:fs'],
    ['the domain that imports a package', 'src/domain/order/order.ts', 'immer'],
    ['zod where the domain decides', 'src/domain/desk/desk.ts', 'zod'],
    ['an account that imports the desk', 'src/domain/account/valuation.ts', 'src/domain/desk/desk-state.ts'],
    ['an order that imports the account', 'src/domain/order/order.ts', 'src/domain/account/account.ts'],
    ['a limit that imports the account', 'src/domain/risk/limits/leverage.ts', 'src/domain/account/account.ts'],
    ['a decision that imports the edge', 'src/domain/market/rollup.ts', 'src/domain/feed/bar-builder.ts'],
    ['the desk that imports the paper venue', 'src/domain/desk/desk.ts', 'src/domain/venue/paper/paper-venue.ts'],
    ['the tape that imports a port', 'src/tape/id.ts', 'src/ports/event-store.ts'],
    ['a projection that imports the runtime', 'src/projections/orders.ts', 'src/runtime/projections/runner.ts'],
    ['the runtime that imports an adapter', 'src/runtime/ingest/ingest.ts', 'src/adapters/sqlite/event-store.ts'],
    ['the runtime that imports the API', 'src/runtime/ingest/ingest.ts', 'src/api/server.ts'],
    ['the API that opens an adapter', 'src/api/server.ts', 'src/adapters/open.ts'],
    ['the map that opens an adapter', 'src/system.ts', 'src/adapters/open.ts'],
    ['a command that goes past open.ts', 'src/cli/commands/run.ts', 'src/adapters/sqlite/event-store.ts'],
    ['a command that imports the API', 'src/cli/commands/run.ts', 'src/api/server.ts'],
    ['a room that imports the list of all families', 'src/runtime/relay/relay-metrics.ts', 'src/metric-families.ts'],
    ['main that does more than parse', 'src/main.ts', 'src/system.ts'],
    ['anybody below who reads the environment', 'src/runtime/ingest/ingest.ts', 'src/config/environment.ts'],
    [
      'a lower room of the runtime that imports a higher one',
      'src/runtime/engine/engine-runner.ts',
      'src/runtime/ingest/ingest.ts',
    ],
    ['a room of the runtime that imports another beside it', 'src/runtime/relay/relay.ts', 'src/runtime/engine/engine-runner.ts'],
    ['the read side that imports the write side', 'src/queries/status.ts', 'src/requests/requests.ts'],
    [
      'a thread of the API, other than where it begins, that opens an adapter',
      'src/api/thread/api-thread.ts',
      'src/adapters/open.ts',
    ],
    ['an adapter that imports a projection', 'src/adapters/sqlite/read-store.ts', 'src/projections/orders.ts'],
    ['an adapter that imports another', 'src/adapters/sqlite/read-store.ts', 'src/adapters/mongodb/read-store.ts'],
    ['a venue that imports another', 'src/adapters/venues/okx/book.ts', 'src/adapters/venues/binance/book.ts'],
    ['a venue that imports the opener', 'src/adapters/venues/okx/book.ts', 'src/adapters/open.ts'],
    ['an import from outside of src', 'src/tape/id.ts', 'src/../test/given.ts'],
    ['an adapter that imports the exchange simulator', 'src/adapters/venues/okx/book.ts', 'exchange-simulator/market/book.ts'],
    ['the exchange simulator that imports an adapter', 'exchange-simulator/market/book.ts', 'src/adapters/venues/okx/book.ts'],
    ['a simulated market that imports a venue', 'exchange-simulator/market/book.ts', 'exchange-simulator/venues/okx/venue.ts'],
    ['a simulated venue that imports another', 'exchange-simulator/venues/okx/a.ts', 'exchange-simulator/venues/bybit/b.ts'],
    [
      'a simulated market that imports its sister',
      'exchange-simulator/venues/b-spot/a.ts',
      'exchange-simulator/venues/b-usdm/b.ts',
    ],
    ['what markets share that imports one of them', 'exchange-simulator/venues/b/a.ts', 'exchange-simulator/venues/b-spot/b.ts'],
    ['a part that the layout does not know', 'src/utils/text.ts', 'src/domain/decimal.ts'],
  ])('%s', (_what, file, target) => {
    expect(violations(tree({ [file]: [target] }))).toHaveLength(1);
  });

  it('an import of a file that is not there', () => {
    expect(violations(new Map([['src/tape/a.ts', "import './b.ts';"]]))).toEqual([
      'src/tape/a.ts imports src/tape/b.ts: there is no such file',
    ]);
  });

  it('a file named index.ts, and one of more than 300 lines', () => {
    const sources = new Map([
      ['src/domain/index.ts', ''],
      ['src/domain/long.ts', '\n'.repeat(301)],
    ]);
    expect(violations(sources)).toEqual([
      'src/domain/index.ts: no barrels; name the file by its subject',
      'src/domain/long.ts has 301 lines: at most 300, one subject a file',
    ]);
  });

  it('a folder of more than 16 files, unless it is a list of one-file things', () => {
    const files = (folder: string) => Array.from({ length: 17 }, (_, index) => [`${folder}/${index}.ts`, ''] as const);
    expect(violations(new Map([...files('src/domain/desk'), ...files('src/projections')]))).toEqual([
      'src/domain/desk has 17 files: at most 16, one subject a folder',
    ]);
  });

  it('a circle, however long', () => {
    const [a, b, c] = ['src/domain/a.ts', 'src/domain/b.ts', 'src/domain/c.ts'];
    expect(violations(tree({ [a]: [b], [b]: [c], [c]: [a] }))).toEqual([`a circle: ${a} -> ${b} -> ${c} -> ${a}`]);
    expect(circles(new Map([[a, [a]]]))).toEqual([[a, a]]);
  });
});

describe('the rules allow', () => {
  it('the arrows of the layout', () => {
    expect(
      violations(
        tree({
          'src/main.ts': ['src/cli/commands/run.ts'],
          'src/cli/commands/run.ts': ['src/system.ts', 'src/adapters/open.ts', 'src/config/environment.ts'],
          'src/system.ts': ['src/runtime/ingest/ingest.ts', 'src/projections/orders.ts'],
          'src/runtime/ingest/ingest.ts': ['src/projections/orders.ts', 'src/ports/event-store.ts', 'node:fs'],
          'src/adapters/open.ts': ['src/adapters/sqlite/event-store.ts', 'src/adapters/sqlite/read-store.ts'],
          'src/adapters/sqlite/event-store.ts': ['src/adapters/sqlite/file.ts', 'src/adapters/rules/append-rules.ts'],
          'src/ports/event-store.ts': ['src/tape/envelope.ts'],
          'src/domain/order/events.ts': ['zod', 'src/domain/event.ts'],
          'src/domain/desk/booking.ts': ['src/domain/account/account.ts', 'src/domain/venue/events.ts'],
          'src/domain/account/account.ts': ['src/domain/account/position.ts', 'src/domain/risk/halts.ts'],
        }),
      ),
    ).toEqual([]);
  });
});

describe('imports are seen', () => {
  it('in all their forms', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from './b.ts';",
      "import {\n  c,\n  type D,\n} from './c.ts';",
      "import './d.ts';",
      "export * from './e.ts';",
      "export { f } from './f.ts';",
      "const g = await import('./g.ts');",
      "import * as h from './h.ts'; import i from './i.ts';",
      "// import './no.ts';",
      "/** import './no.ts'; */",
      "export const text = 'no';",
    ].join('\n');
    const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    expect(importsOf(text).sort()).toEqual(letters.map((letter) => `./${letter}.ts`));
  });
});
