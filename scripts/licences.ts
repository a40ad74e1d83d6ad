/**
 * Prints the licence of every package that is installed, by licence, and fails when one has none or one that is not
 * known to fit Apache-2.0. `npm run licences`, or with `-- --omit=dev` for what is delivered.
 */

import { execFileSync } from 'node:child_process';

/** Licences under which the parts may be delivered together with Apache-2.0. */
const FITTING = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'CC0-1.0',
  'BlueOak-1.0.0',
  'Unlicense',
  'Python-2.0',
  'CC-BY-4.0',
  'MPL-2.0',
  'WTFPL',
]);

interface Component {
  readonly name: string;
  readonly version: string;
  readonly group?: string;
  readonly licenses?: readonly {
    readonly license?: { readonly id?: string; readonly name?: string };
    readonly expression?: string;
  }[];
}

const arguments_ = ['sbom', '--sbom-format', 'cyclonedx', ...process.argv.slice(2)];
const bill = JSON.parse(execFileSync('npm', arguments_, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
const byLicence = new Map<string, string[]>();
for (const { group, name, version, licenses } of bill.components as Component[]) {
  const [first] = licenses ?? [];
  const licence = first?.expression ?? first?.license?.id ?? first?.license?.name ?? 'none stated';
  const names = byLicence.get(licence) ?? [];
  names.push(`${group === undefined ? '' : `${group}/`}${name}@${version}`);
  byLicence.set(licence, names);
}

/** `(MIT OR CC0-1.0)` fits when one of them does, `MIT AND ISC` when all do. */
function fits(licence: string): boolean {
  const choices = licence.replaceAll(/[()]/g, '').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((part) => FITTING.has(part.trim())));
}

for (const [licence, names] of [...byLicence].sort(([a], [b]) => (a < b ? -1 : 1))) {
  process.stdout.write(`${licence}${fits(licence) ? '' : '   << DOES NOT FIT'}\n  ${names.sort().join('\n  ')}\n`);
}
if (![...byLicence.keys()].every(fits)) process.exitCode = 1;
