/**
 * Makes `deploy/schemas/kubernetes.json`: of the schemas of all kinds of Kubernetes, what the manifests in `deploy/kubernetes`
 * are checked against, without descriptions.
 *
 *     node scripts/kubernetes-schema.ts .../kubernetes-json-schema/v1.36.0-local-strict/_definitions.json
 *
 * `deploy/schemas/SOURCES.md` says where that file comes from.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OUT = join(import.meta.dirname, '..', 'deploy', 'schemas', 'kubernetes.json');

const KINDS = [
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.apps.v1.StatefulSet',
  'io.k8s.api.core.v1.Secret',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
];

type Schema = Readonly<Record<string, unknown>>;

const { $defs: all } = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as { $defs: Record<string, Schema> };
const kept = new Map<string, unknown>();
for (const kind of KINDS) keep(kind);
const definitions = Object.fromEntries([...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(OUT, `${JSON.stringify({ $defs: definitions }, null, 1)}\n`);

/** Takes the definition, and those that it refers to. */
function keep(name: string): void {
  if (kept.has(name)) return;
  const schema = all[name];
  if (schema === undefined) throw new Error(`there is no ${name} in that file`);
  kept.set(name, {});
  kept.set(name, bare(schema));
}

/** Without descriptions; references point into this file. A property may itself be called "description". */
function bare(schema: Schema): Schema {
  const copy: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'description') continue;
    if (keyword === 'properties') copy[keyword] = mapValues(value as Record<string, Schema>, bare);
    else if (keyword === '$ref') copy[keyword] = referTo((value as string).replace(/^.*#\/\$defs\//, ''));
    else if (keyword === 'items' || keyword === 'additionalProperties') {
      copy[keyword] = typeof value === 'object' ? bare(value as Schema) : value;
    } else copy[keyword] = value;
  }
  return copy;
}

function referTo(name: string): string {
  keep(name);
  return `#/$defs/${name}`;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
