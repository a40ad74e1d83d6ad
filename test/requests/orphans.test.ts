import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import type { EventData, EventName } from '../../src/domain/catalogue.ts';
import type { Settings } from '../../src/domain/settings/settings.ts';
import { accountStream, orderStream } from '../../src/domain/streams.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { readSettings } from '../../src/queries/settings-in-force.ts';
import { movedSignals, orphans } from '../../src/requests/orphans.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';
import { barOf } from '../support/fixtures.ts';
import { smallSettings, tickingClock } from '../support/small-market.ts';

const origin = { clock: tickingClock(), actor: 'test', codeVersion: 'one' };
const MARKET = { venue: 'testvenue', symbol: 'AAABBB' };
const ORDER = makeId('an order');
let made = 0;

/** A tape whose settings are in force, with these events behind them. */
async function tapeWith(...events: [type: EventName, stream: string, data: object][]): Promise<EventStore> {
  const store = openMemoryEventStore({ time: tickingClock(), hasLock: true });
  const listed = smallSettings(1, 1, 2);
  const instruments = listed.instruments.map((one) => ({ ...one, minNotional: '5' }));
  await applySettings(store, { ...listed, instruments }, origin);
  const revisions = new Map<string, number>();
  for (const [type, stream, data] of events) {
    const facts = { occurredAt: '2025-01-01T00:00:00.000Z', actor: 'engine', codeVersion: 'one' };
    const event = makeEvidence(type, stream, `event ${made++}`, data as EventData[typeof type], facts);
    const { revision } = await store.append(stream, revisions.get(stream) ?? 'no-stream', [event]);
    revisions.set(stream, revision);
  }
  return store;
}

function holds(quantity: string, strategy = 'turns'): ['PositionChanged', string, object] {
  const figures = { quantity, cost: '10', averageEntryPrice: null, realizedProfit: '0' };
  const data = { account: 'paper', strategy, ...MARKET, orderId: ORDER, tradeId: '1', ...figures };
  return ['PositionChanged', accountStream('paper'), data];
}

function balance(amount: string): ['BalanceChanged', string, object] {
  const data = { account: 'paper', asset: 'AAA', change: '-1', balance: amount, reason: 'fee', orderId: ORDER };
  return ['BalanceChanged', accountStream('paper'), data];
}

function ordered(quantity: string): ['OrderApproved', string, object] {
  const terms = { side: 'buy', type: 'limit', timeInForce: 'GTC', quantity, price: '90', reducing: false };
  const figures = { atLastPrice: false, referencePrice: '100', bid: null, ask: null, equity: '1000', position: '0', limits: [] };
  const ids = { orderId: ORDER, clientOrderId: 'x1', origin: { kind: 'signal', id: makeId('a signal') } };
  const data = {
    ...ids,
    account: 'paper',
    strategy: 'turns',
    ...MARKET,
    ...terms,
    ...figures,
    sendBy: '2025-01-01T00:00:05.000Z',
  };
  return ['OrderApproved', orderStream(ORDER), data];
}

const at = { orderId: ORDER, account: 'paper', at: '2025-01-01T00:00:01.000Z' };

function filled(cumulativeQuantity: string): ['OrderFilled', string, object] {
  const fill = { tradeId: '1', price: '90', quantity: cumulativeQuantity, cumulativeQuantity, fee: '0', feeAsset: 'BBB' };
  return ['OrderFilled', orderStream(ORDER), { ...at, strategy: 'turns', ...MARKET, side: 'buy', ...fill, liquidity: 'maker' }];
}

function priced(close: string, day = '2025-01-01'): ['BarClosed', string, object] {
  const times = { openTime: `${day}T00:00:00.000Z`, closeTime: `${day}T00:01:00.000Z` };
  return ['BarClosed', `bars-testvenue.AAABBB.1m.${day}`, barOf({ ...MARKET, ...times, close })];
}

async function left(store: EventStore, change: (settings: Settings) => Partial<Settings>): Promise<string[]> {
  const settings = smallSettings(2, 1, 2);
  return orphans(store, (await readSettings(store)).settings, { ...settings, ...change(settings) });
}

const retired = () => ({ strategies: [] });
const moved = ({ strategies }: Settings) => ({ strategies: strategies.map((one) => ({ ...one, account: 'other' })) });
const unfed = () => ({ feeds: [], strategies: [] });

describe('a strategy', () => {
  it.each([
    ['retired', retired],
    ['moved to another account', moved],
  ])('is not %s while it holds something', async (_what, change) => {
    const [sentence, ...more] = await left(await tapeWith(holds('2'), holds('1.5')), change);
    expect(sentence).toMatch(/strategy turns holds 1\.5 testvenue\.AAABBB in account paper and cannot be retired or moved/);
    expect(sentence).toContain('"./tapedeck flatten --strategy turns"');
    expect(more).toEqual([]);
  });

  it('is not retired while a part of what its position says is there', async () => {
    const [sentence] = await left(await tapeWith(holds('2'), balance('1.25')), retired);
    expect(sentence).toMatch(/strategy turns holds 1\.25 testvenue\.AAABBB/);
  });

  it('is not retired while it has an open order', async () => {
    expect(await left(await tapeWith(ordered('2'), filled('1')), retired)).toEqual([
      expect.stringContaining('holds an open order in testvenue.AAABBB'),
    ]);
  });

  it.each<[string, Parameters<typeof tapeWith>]>([
    ['it never had anything', []],
    ['it has sold everything', [holds('2'), holds('0')]],
    ['somebody else holds something', [holds('2', 'manual')]],
    ['its order was filled', [ordered('2'), filled('2')]],
    ['its order was cancelled', [ordered('2'), ['OrderCanceled', orderStream(ORDER), { ...at, reason: null }]]],
    ['less than a lot is left', [holds('0.0009')]],
    ['what its position says is not there any more', [holds('2'), balance('0.0005')]],
    ['what is left is worth less than an order must be', [priced('4.9'), holds('1')]],
    [
      'it is so by the latest price, and an older one was recorded later',
      [priced('4.9'), priced('100', '2024-12-31'), holds('1')],
    ],
  ])('may go when %s', async (_what, events) => {
    expect(await left(await tapeWith(...events), retired)).toEqual([]);
  });

  it('may change its figures and its size while it holds something', async () => {
    const change = ({ strategies }: Settings) => ({
      strategies: strategies.map((one) => ({ ...one, params: { fast: 3, slow: 9 }, size: { quantity: '2' } })),
    });
    expect(await left(await tapeWith(holds('2')), change)).toEqual([]);
  });
});

describe('the signals of a strategy', () => {
  const signal = (symbol: string): ['SignalGenerated', string, object] => [
    'SignalGenerated',
    'signals-turns',
    {
      strategy: 'turns',
      ...MARKET,
      symbol,
      interval: '1m',
      side: 'buy',
      barOpenTime: '2025-01-01T00:00:00.000Z',
      barCloseTime: '2025-01-01T00:01:00.000Z',
      barSource: 'recording',
      reason: {},
      settingsHash: '0'.repeat(64),
    },
  ];

  it('stay with one instrument, also when it was retired in between', async () => {
    expect(await movedSignals(await tapeWith(signal('CCCBBB'), signal('CCCBBB')), smallSettings(2, 1, 2))).toEqual([
      'strategy turns has given signals for testvenue.CCCBBB and cannot move to testvenue.AAABBB: give it another name there',
    ]);
    expect(await movedSignals(await tapeWith(signal('AAABBB')), smallSettings(2, 1, 2))).toEqual([]);
    expect(await movedSignals(await tapeWith(), smallSettings(2, 1, 2))).toEqual([]);
  });
});

describe('a feed', () => {
  it('is not retired while anybody holds something that it prices', async () => {
    expect(await left(await tapeWith(holds('2', 'manual')), unfed)).toEqual([
      expect.stringMatching(
        /the feed of testvenue\.AAABBB cannot be retired while there is 2 testvenue\.AAABBB in account paper/,
      ),
    ]);
  });

  it('may go when nobody does', async () => {
    expect(await left(await tapeWith(holds('2'), holds('0')), unfed)).toEqual([]);
  });
});
