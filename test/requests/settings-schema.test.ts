import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { settingsSchemaText } from '../../src/requests/settings-schema.ts';
import { ROOT } from '../support/child.ts';

const PUBLISHED = readFileSync(join(ROOT, 'settings', 'schema.json'), 'utf8');
const DEFAULTS = readFileSync(join(ROOT, 'settings', 'default.json'), 'utf8');
const validate = new Ajv.default({ allErrors: true }).compile(JSON.parse(PUBLISHED));

/** Where a validator that knows nothing of Tapedeck finds the shipped settings wrong, after a change to them. */
function mistakes(change: (settings: Record<string, never>) => void): string[] {
  const settings = JSON.parse(DEFAULTS);
  change(settings);
  validate(settings);
  return [...new Set((validate.errors ?? []).filter(({ keyword }) => keyword !== 'if').map(({ instancePath }) => instancePath))];
}

// biome-ignore lint/suspicious/noExplicitAny: settings with mistakes have no type
type Wrong = any;

describe('the published schema of the settings', () => {
  it('is what the code says; else run: ./tapedeck settings schema > settings/schema.json', () => {
    expect(PUBLISHED).toBe(settingsSchemaText());
  });

  it('takes the shipped settings, which name it for editors', () => {
    expect(JSON.parse(DEFAULTS).$schema).toBe('./schema.json');
    expect(mistakes(() => {})).toEqual([]);
  });

  it.each<[string, string, (settings: Wrong) => void]>([
    [
      'a price that is a number',
      '/instruments/0/tickSize',
      ({ instruments }) => Object.assign(instruments[0], { tickSize: 0.01 }),
    ],
    ['a decimal with an exponent', '/accounts/0/slippage', ({ accounts }) => Object.assign(accounts[0], { slippage: '5e-4' })],
    ['an amount below zero', '/accounts/0/balances/USD', ({ accounts }) => Object.assign(accounts[0].balances, { USD: '-1' })],
    ['an interval that there is not', '/feeds/0/bars', ({ feeds }) => Object.assign(feeds[0], { bars: '7m' })],
    ['a member that there is not', '/accounts/1', ({ accounts }) => Object.assign(accounts[1], { colour: 'red' })],
    ['a kind that there is not', '/strategies/0/kind', ({ strategies }) => Object.assign(strategies[0], { kind: 'guess' })],
    [
      'a figure that its kind has not',
      '/strategies/0/params',
      ({ strategies }) => Object.assign(strategies[0].params, { mid: 3 }),
    ],
    ['two sizes at once', '/strategies/0/size', ({ strategies }) => Object.assign(strategies[0].size, { notional: '5' })],
  ])('lets an editor see %s', (_what, path, change) => {
    expect(mistakes(change)).toContain(path);
  });

  it('describes what a person writes', () => {
    const { properties } = JSON.parse(PUBLISHED);
    const { limits } = properties.accounts.items.properties;
    for (const limit of Object.values<{ description?: string }>(limits.properties)) expect(limit.description).toMatch(/\.$/);
  });
});
