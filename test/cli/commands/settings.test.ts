import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../../src/domain/settings/settings.ts';
import { ROOT } from '../../support/child.ts';
import { givenTape, linesOf } from '../given-tape.ts';

type Account = Settings['accounts'][number];

const tape = givenTape();
/** Generation of the shipped settings. */
const SHIPPED: number = JSON.parse(readFileSync(join(ROOT, 'settings', 'default.json'), 'utf8')).generation;
const REASON = ['--reason', 'a slower crossover'];

/** The settings in force with a change, as a file in `folder`. */
function propose(folder: string, change: (settings: Settings) => object): string {
  const settings = JSON.parse(readFileSync(tape.settingsFile, 'utf8'));
  const file = join(folder, 'next.json');
  writeFileSync(file, JSON.stringify({ ...settings, generation: settings.generation + 1, ...change(settings) }));
  return file;
}

const slower = ({ strategies }: Settings) => ({
  strategies: strategies.map((one) => (one.name === 'quick-cross' ? { ...one, params: { fast: 2, slow: 9 } } : one)),
});
const without = (name: string) => (settings: Settings) => ({
  strategies: settings.strategies.filter((one) => one.name !== name),
});

describe('tapedeck settings show', () => {
  it('prints what is in force as a file that says the same', async () => {
    const folder = tape.copy();
    const { code, stdout } = await tape.run(['settings', 'show'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain(`\n  "generation": ${SHIPPED},\n`);
    const file = join(folder, 'shown.json');
    writeFileSync(file, stdout);
    expect(linesOf(await tape.run(['settings', 'check', file], folder))).toMatchObject([
      { outcome: 'in-force', generation: SHIPPED },
    ]);
    expect(linesOf(await tape.run(['settings', 'show', '--json'], folder))).toEqual([JSON.parse(stdout)]);
  });
});

/** What the shipped settings warn of. */
const UNHELD = expect.stringMatching(/^accounts\[0\]\.limits\.dailyLoss: never holds up golden-cross: /);

describe('tapedeck settings check', () => {
  it('says what a file would change, field by field, and changes nothing', async () => {
    const folder = tape.copy();
    const file = propose(folder, slower);
    const fields = [{ field: 'params', from: { fast: 2, slow: 4 }, to: { fast: 2, slow: 9 } }];
    const changes = [{ type: 'StrategyConfigured', thing: 'strategy', name: 'quick-cross', change: 'changed', fields }];
    const expected = {
      file,
      outcome: 'applicable',
      generation: SHIPPED + 1,
      inForce: SHIPPED,
      changes,
      reasons: [],
      warnings: [UNHELD],
    };
    expect(linesOf(await tape.run(['settings', 'check', file], folder))).toEqual([expected]);
    expect(linesOf(await tape.run(['settings', 'show', '--json'], folder))).toMatchObject([{ generation: SHIPPED }]);
  });

  it('can be asked before there is a tape', async () => {
    const nowhere = join(tape.copy(), 'nowhere');
    const ended = await tape.run(['settings', 'check', join(ROOT, 'settings', 'default.json')], nowhere);
    expect(linesOf(ended)).toMatchObject([{ outcome: 'usable', generation: SHIPPED, inForce: null }]);
  });

  it.each([
    ['drawdown', '5'],
    ['concentration', '7'],
    ['priceCollar', '9'],
  ])('answers no to a %s of %s', async (limit, value) => {
    const change = ({ limits, ...more }: Account) => ({ ...more, limits: { ...limits, [limit]: value } });
    const message = new RegExp(`limits\\.${limit}: must be a fraction`);
    const folder = tape.copy();
    const file = propose(folder, ({ accounts }) => ({ accounts: accounts.map(change) }));
    for (const words of [
      ['check', file],
      ['apply', file, ...REASON],
    ]) {
      const [verdict] = linesOf(await tape.run(['settings', ...words], folder), 1);
      expect(verdict).toMatchObject({ outcome: 'refused', reasons: [expect.stringMatching(message)] });
    }
    expect(linesOf(await tape.run(['settings', 'check', file], join(folder, 'nowhere')), 1)).toMatchObject([
      { outcome: 'mistaken', reasons: expect.arrayContaining([expect.stringMatching(message)]) },
    ]);
  });

  it.each(['/etc/passwd', 'nowhere.gz', '/etc'])(
    'answers no to the recording %s, which a start could not ingest',
    async (recording) => {
      const folder = tape.copy();
      const file = propose(folder, ({ feeds }) => ({
        feeds: feeds.map((feed, index) => (index === 0 ? { ...feed, recordings: [recording] } : feed)),
      }));
      for (const words of [
        ['check', file],
        ['apply', file, ...REASON],
      ]) {
        const [verdict] = linesOf(await tape.run(['settings', ...words], folder), 1);
        expect(verdict).toMatchObject({ outcome: 'refused', reasons: [expect.stringContaining(`${recording}"`)] });
      }
      expect(linesOf(await tape.run(['settings', 'show', '--json'], folder))).toMatchObject([{ generation: SHIPPED }]);
    },
  );

  it('says which limit never holds anything up', async () => {
    const folder = tape.copy();
    const file = propose(folder, ({ accounts }) => ({
      accounts: accounts.map(({ limits, ...more }) => ({ ...more, limits: { ...limits, drawdown: '1' } })),
    }));
    const [verdict] = linesOf(await tape.run(['settings', 'check', file], folder));
    expect(verdict).toMatchObject({
      outcome: 'applicable',
      warnings: [
        ...[0, 1].map((n) => expect.stringMatching(`accounts\\[${n}\\]\\.limits\\.drawdown: equity never lies`)),
        UNHELD,
      ],
    });
  });

  it('warns of what can never bind, and answers yes', async () => {
    const folder = tape.copy();
    const bars = ({ feeds, strategies }: Settings) => ({
      feeds: feeds.map((feed) => (feed.venue === 'coinbase' ? { ...feed, bars: '1d', rollups: [], recordings: [] } : feed)),
      strategies,
    });
    const [verdict] = linesOf(await tape.run(['settings', 'check', propose(folder, bars)], folder));
    expect(verdict.warnings).toEqual([expect.stringContaining('limits.dailyLoss: can never bind: coinbase BTC-USD')]);
  });

  it('answers no, with every mistake and where it is', async () => {
    const folder = tape.copy();
    const file = propose(folder, () => ({ feeds: [], colour: 'red' }));
    const [verdict] = linesOf(await tape.run(['settings', 'check', file], folder), 1);
    expect(verdict).toMatchObject({ outcome: 'mistaken' });
    expect(verdict.reasons).toEqual([
      'colour: is not a setting',
      'strategies[0].symbol: coinbase BTC-USD has no feed',
      'strategies[1].symbol: binance BTCUSDT has no feed',
    ]);
  });

  it.each<[string, (settings: Settings) => object, RegExp]>([
    [
      'takes an instrument away',
      () => ({ instruments: [], feeds: [], strategies: [] }),
      /coinbase.BTC-USD is listed on the tape: an instrument cannot be removed/,
    ],
    [
      "changes an account's currency",
      ({ accounts, strategies }) => ({
        accounts: accounts.map((one) => (one.id === 'paper-binance' ? { ...one, currency: 'BTC' } : one)),
        strategies: strategies.filter(({ account }) => account !== 'paper-binance'),
      }),
      /account paper-binance counts in USDT and cannot change to BTC/,
    ],
    [
      'says something else of the same generation',
      (settings) => ({ ...slower(settings), generation: SHIPPED }),
      /raise "generation"/,
    ],
  ])('answers no to a file that %s', async (_what, change, reason) => {
    const folder = tape.copy();
    const ended = await tape.run(['settings', 'check', propose(folder, change)], folder);
    expect(linesOf(ended, 1)).toMatchObject([{ outcome: 'refused', reasons: [expect.stringMatching(reason)] }]);
  });

  it('could not, without a file', async () => {
    const { code, stderr } = await tape.run(['settings', 'check', join(ROOT, 'absent.json')]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/absent\.json.*\n.*cannot be read \(ENOENT\)/)]);
  });
});

describe('tapedeck settings apply', () => {
  it('puts the change on the tape, with who and why, and says that nobody has taken it in', async () => {
    const folder = tape.copy();
    const file = propose(folder, slower);
    const [applied] = linesOf(await tape.run(['settings', 'apply', file, ...REASON], folder));
    expect(applied).toMatchObject({ outcome: 'applied', generation: SHIPPED + 1, decided: false });
    const [closing] = linesOf(await tape.run(['events', '--type', 'SettingsApplied', '--order', 'desc', '--limit', '1'], folder));
    expect(closing.position).toBe(applied.position);
    expect(closing.data).toMatchObject({ generation: SHIPPED + 1, changes: 1, reason: 'a slower crossover' });
    expect(closing.metadata.actor).toBe('cli:carol');
    expect(linesOf(await tape.run(['settings', 'apply', file, ...REASON], folder))).toMatchObject([{ outcome: 'in-force' }]);
    const old = await tape.run(['settings', 'apply', tape.settingsFile, ...REASON], folder);
    expect(linesOf(old, 1)).toMatchObject([{ outcome: 'ignored', generation: SHIPPED, inForce: SHIPPED + 1 }]);
  });

  it('says that it is in force when an engine is running', async () => {
    const folder = tape.copy();
    await tape.system(folder);
    const ended = await tape.run(['settings', 'apply', propose(folder, slower), ...REASON], folder);
    expect(linesOf(ended)).toMatchObject([{ outcome: 'applied', decided: true }]);
  });

  it('wants to know why', async () => {
    const { code, stderr } = await tape.run(['settings', 'apply', tape.settingsFile]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("required option '--reason <text>'")]);
  });

  it('retires no strategy while it holds something, and says how to go on', async () => {
    const folder = tape.copy();
    const held = linesOf(await tape.run(['events', '--type', 'PositionChanged'], folder))
      .filter(({ data }) => data.strategy === 'quick-cross')
      .at(-1);
    expect(held.data.quantity).not.toBe('0');
    const file = propose(folder, without('quick-cross'));
    const refused = await tape.run(['settings', 'apply', file, ...REASON], folder);
    const reason = `strategy quick-cross holds ${held.data.quantity} binance.BTCUSDT in account paper-binance`;
    expect(linesOf(refused, 1)).toMatchObject([
      { outcome: 'refused', reasons: [expect.stringMatching(`${reason} .*"./tapedeck flatten --strategy quick-cross"`)] },
    ]);
    const other = propose(folder, without('golden-cross'));
    const retired = [{ thing: 'strategy', name: 'golden-cross', change: 'retired' }];
    expect(linesOf(await tape.run(['settings', 'check', other], folder))).toMatchObject([{ changes: retired }]);
  });

  it('does retire it once it was flattened at the last price, as that is what it says', async () => {
    const folder = tape.copy();
    await tape.system(folder);
    const flatten = ['flatten', '--strategy', 'quick-cross', '--at-last-price', ...REASON];
    expect(linesOf(await tape.run(flatten, folder))).toMatchObject([{ decided: true, closed: [{ strategy: 'quick-cross' }] }]);
    const file = propose(folder, without('quick-cross'));
    const retired = [{ thing: 'strategy', name: 'quick-cross', change: 'retired' }];
    const stays = 'the halt of strategy quick-cross stays, .* "./tapedeck resume --strategy quick-cross" lifts it';
    const verdict = [{ changes: retired, warnings: [UNHELD, expect.stringMatching(stays)] }];
    expect(linesOf(await tape.run(['settings', 'check', file], folder))).toMatchObject(verdict);
    expect(linesOf(await tape.run(['settings', 'apply', file, ...REASON], folder))).toMatchObject(verdict);
    const halts = async () =>
      linesOf(await tape.run(['status'], folder))[0].accounts.flatMap((account: { halts: unknown[] }) => account.halts);
    expect(await halts()).toMatchObject([{ scope: { strategy: 'quick-cross' } }]);
    const resume = ['resume', '--strategy', 'quick-cross', ...REASON];
    expect(linesOf(await tape.run(resume, folder))).toMatchObject([{ decided: true }]);
    expect(await halts()).toEqual([]);
    const { code, stderr } = await tape.run(resume, folder);
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no strategy "quick-cross", but golden-cross')]);
  });
});

describe('tapedeck settings schema', () => {
  it('prints what is published', async () => {
    const { code, stdout } = await tape.run(['settings', 'schema']);
    expect([code, stdout]).toEqual([0, readFileSync(join(ROOT, 'settings', 'schema.json'), 'utf8')]);
  });
});
