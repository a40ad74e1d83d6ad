/**
 * Writes `docs/reference/metrics.md`: every family of metrics, as the code describes it.
 *
 *     npm run metrics
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_FAMILIES } from '../src/metric-families.ts';
import type { Families, Family } from '../src/metrics.ts';

const FILE = join(import.meta.dirname, '..', 'docs', 'reference', 'metrics.md');

const INTRODUCTION = `# Metrics

\`GET /metrics\` answers in the text format of Prometheus. Times are in seconds, sizes in bytes. A histogram has
\`_bucket\`, \`_sum\` and \`_count\` behind its name. Labels are bounded: no value is an id.

\`npm run metrics\` writes this page from the code.
`;

/** The page as it has to be. */
export function metricsPage(): string {
  return [INTRODUCTION, ...[...METRIC_FAMILIES].map(([subject, families]) => section(subject, families))].join('\n');
}

function section(subject: string, families: Families): string {
  const rows = Object.values(families).map(row);
  return [`## ${subject}`, '', '| name | type | labels | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function row({ name, kind, labels, help }: Family): string {
  const labelled = labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${kind} | ${labelled || '-'} | ${help} |`;
}

if (import.meta.main) writeFileSync(FILE, metricsPage());
