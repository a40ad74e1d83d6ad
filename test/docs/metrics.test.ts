/** The page of the metrics is what the code says. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { metricsPage } from '../../scripts/metrics-table.ts';
import { METRIC_FAMILIES } from '../../src/metric-families.ts';
import { ROOT } from '../support/child.ts';

it('docs/reference/metrics.md is as the code has it; else run: npm run metrics', () => {
  expect(readFileSync(join(ROOT, 'docs', 'reference', 'metrics.md'), 'utf8')).toBe(metricsPage());
});

it('no meaning breaks the table', () => {
  const helps = [...METRIC_FAMILIES.values()].flatMap((families) => Object.values(families).map(({ help }) => help));
  expect(helps.filter((help) => /[|\n<]/.test(help))).toEqual([]);
});
