/** What watches Tapedeck asks for figures that exist, and every alert says what to do. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METRIC_FAMILIES } from '../../src/metric-families.ts';
import { unless } from '../support/unless.ts';

const RUNBOOK = 'docs/guides/runbook.md';
const ROOT = join(import.meta.dirname, '..', '..');
const DASHBOARD = 'deploy/grafana/dashboards/tapedeck.json';
const RULES = 'deploy/prometheus/alerts.yml';
const RULE_TESTS = 'deploy/prometheus/alerts.test.yml';

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const alertsOf = (file: string, field: string): string[] =>
  [...textOf(file).matchAll(new RegExp(`\\b${field}: (\\w+)`, 'g'))].map(([, name]) => name as string);

/** Every name that a query may use, with the labels that it has. */
const figures: ReadonlyMap<string, readonly string[]> = new Map(
  [...METRIC_FAMILIES.values()]
    .flatMap((families) => Object.values(families))
    .flatMap(({ kind, name, labels }): [string, readonly string[]][] =>
      kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((ending) => [name + ending, [...labels, 'le']]) : [[name, labels]],
    ),
);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { panels } = JSON.parse(textOf(DASHBOARD)) as { readonly panels: readonly Panel[] };
const queries = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: `the panel "${title}"`, expr }))),
  ...[...textOf(RULES).matchAll(/alert: (\w+)\n\s+expr: (?:>-\n)?([\s\S]*?)\n\s+(?:for|labels):/g)].map(([, name, expr]) => ({
    of: `the alert ${name}`,
    expr: expr as string,
  })),
];

describe('dashboard and alerts', () => {
  it('ask for figures that exist only, by labels that those have', () => {
    const wrong: string[] = [];
    for (const { of, expr } of queries) {
      for (const [, name, selector = ''] of expr.matchAll(/\b((?:tapedeck|process)_[a-z_]+)(\{[^}]*\})?/g)) {
        const labels = figures.get(name as string);
        if (labels === undefined) wrong.push(`${of}: ${name}`);
        for (const [, label] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
          const isAdded = ['instance', 'job'].includes(label as string);
          if (!isAdded && labels?.includes(label as string) === false) wrong.push(`${of}: ${name} has no label ${label}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(queries.length).toBeGreaterThan(60);
  });

  it('leave no figure out that an operator could need', () => {
    const asked = queries.map(({ expr }) => expr).join('\n');
    const unseen = [...new Set([...figures.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, '')))].filter(
      (name) => !asked.includes(name),
    );
    expect(unseen).toEqual(['process_start_time_seconds']);
  });

  it('say of every panel what it shows', () => {
    for (const { title, type, description = '' } of panels) {
      if (type !== 'row') expect(description, title).not.toBe('');
    }
  });
});

describe('every alert', () => {
  it('has its entry in the runbook, and the runbook no other', () => {
    const entries = [...textOf(RUNBOOK).matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    const alerts = alertsOf(RULES, 'alert');
    expect(entries).toEqual(alerts);
    for (const alert of alerts) expect(textOf(RULES)).toContain(`${RUNBOOK}#${alert.toLowerCase()}\n`);
  });

  it('fires in a test of the rules', () => {
    const tested = new Set(alertsOf(RULE_TESTS, 'alertname'));
    expect(alertsOf(RULES, 'alert').filter((alert) => !tested.has(alert))).toEqual([]);
  });

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
  it('is as its test says, by promtool', unless(hasPromtool, 'promtool is not installed'), () => {
    expect(execFileSync('promtool', ['test', 'rules', RULE_TESTS], { cwd: ROOT, encoding: 'utf8' })).toContain('SUCCESS');
    expect(
      execFileSync('promtool', ['check', 'config', 'deploy/prometheus/prometheus.yml'], { cwd: ROOT, encoding: 'utf8' }),
    ).toContain('SUCCESS');
  });
});
