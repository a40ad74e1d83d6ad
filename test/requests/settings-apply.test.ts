import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import type { InstrumentSettings, Settings } from '../../src/domain/settings/settings.ts';
import { SETTINGS_STREAM } from '../../src/domain/streams.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { readSettings } from '../../src/queries/settings-in-force.ts';
import { applySettings, planSettings, SettingsRefusedError } from '../../src/requests/settings-apply.ts';
import { canonicalHash } from '../../src/tape/canonical-json.ts';
import { smallSettings, tickingClock, wholeTape } from '../support/small-market.ts';

const origin = { clock: tickingClock(), actor: 'test', codeVersion: 'one' };

function emptyTape(): EventStore {
  return openMemoryEventStore({ time: tickingClock(), hasLock: true });
}

const apply = (store: EventStore, settings: Settings) => applySettings(store, settings, origin);

async function typesOn(store: EventStore): Promise<string[]> {
  return (await wholeTape(store)).map(({ type }) => type);
}

/** Settings with something else in place of a part. */
function changed(generation: number, change: (settings: Settings) => Partial<Settings>): Settings {
  const settings = smallSettings(generation, 1, 2);
  return { ...settings, ...change(settings) };
}

function instrumentsWith(change: Partial<InstrumentSettings>) {
  return ({ instruments }: Settings) => ({ instruments: instruments.map((one) => ({ ...one, ...change })) });
}

/** So many accounts that their set takes several appends. */
function manyAccounts(generation: number): Settings {
  return changed(generation, ({ accounts }) => ({
    accounts: Array.from({ length: 600 }, (_, index) => ({
      ...(accounts[0] as Settings['accounts'][number]),
      id: index === 0 ? 'paper' : `paper-${index}`,
    })),
  }));
}

/** Fails from its nth append on, as the disk of a process that is killed there. */
function failingAfter(store: EventStore, appends: number): EventStore {
  let left = appends;
  return new Proxy(store, {
    get: (target, name: keyof EventStore) => {
      if (name !== 'append') return typeof target[name] === 'function' ? (target[name] as () => unknown).bind(target) : undefined;
      return async (...args: Parameters<EventStore['append']>) => {
        if (left-- <= 0) throw new Error('killed');
        return target.append(...args);
      };
    },
  });
}

type Account = Settings['accounts'][number];
const limited = (limits: Partial<Account['limits']>) => (settings: Settings) => ({
  accounts: settings.accounts.map((account) => ({ ...account, limits: { ...account.limits, ...limits } })),
});
const sized = (size: Settings['strategies'][number]['size']) => (settings: Settings) => ({
  strategies: settings.strategies.map((strategy) => ({ ...strategy, size })),
});
const fed = (change: object) => (settings: Settings) => ({ feeds: settings.feeds.map((feed) => ({ ...feed, ...change })) });

describe('a setting out of its range', () => {
  it.each([
    ['accounts[0].limits.drawdown', limited({ drawdown: '1.000000001' })],
    ['accounts[0].limits.concentration', limited({ concentration: '7' })],
    ['accounts[0].limits.priceCollar', limited({ priceCollar: '9' })],
    ['accounts[0].limits.leverage', limited({ leverage: '126' })],
    ['accounts[0].limits.orderRate', limited({ orderRate: { orders: 1, per: '0s' } })],
    ['strategies[0].size.equityFraction', sized({ equityFraction: '5' })],
    ['feeds[0].staleAfter', fed({ staleAfter: '0ms' })],
    ['feeds[0].depth.every', fed({ depth: { levels: 5, every: '0s' } })],
  ])('is refused when it is proposed: %s', async (path, change) => {
    const store = emptyTape();
    const refusal = apply(store, changed(1, change));
    await expect(refusal).rejects.toThrow(SettingsRefusedError);
    await expect(refusal).rejects.toThrow(`${path}: must be`);
    expect(await typesOn(store)).toEqual([]);
  });

  it('may be proposed up to its bound', async () => {
    const most = changed(1, (settings) => ({
      ...limited({ drawdown: '1', concentration: '1', priceCollar: '1.0', leverage: '125' })(settings),
      ...sized({ equityFraction: '1' })(settings),
    }));
    expect(await apply(emptyTape(), most)).toMatchObject({ outcome: 'applied' });
  });

  it('that an older build has put in force stays there, and is proposed again as it stands', async () => {
    const settings = changed(1, limited({ drawdown: '5' }));
    const store = emptyTape();
    const right = await planSettings(
      store,
      changed(1, () => ({})),
      origin,
    );
    const hash = canonicalHash(settings);
    const [account] = settings.accounts;
    // As `applySettings` recorded a set before there were ranges.
    const events = right.events.map((event) => {
      if (event.type === 'RiskLimitsSet') return { ...event, data: { account: 'paper', limits: account?.limits } };
      return event.type === 'SettingsApplied' ? { ...event, data: { ...event.data, hash } } : event;
    }) as TapeEvent[];
    await store.append(SETTINGS_STREAM, 'no-stream', events);
    expect(await apply(store, settings)).toMatchObject({ outcome: 'in-force' });
    expect((await readSettings(store)).settings.limits.get('paper')).toMatchObject({ drawdown: '5' });
  });
});

describe('proposed settings', () => {
  it('are in force when they are on the tape, whole and closed', async () => {
    const store = emptyTape();
    const { outcome, settings } = await apply(store, smallSettings(1, 1, 2));
    expect(outcome).toBe('applied');
    expect([...settings.strategies.keys(), ...settings.accounts.keys()]).toEqual(['turns', 'paper']);
    expect(await typesOn(store)).toEqual([
      'InstrumentListed',
      'FeedConfigured',
      'AccountOpened',
      'RiskLimitsSet',
      'StrategyConfigured',
      'SettingsApplied',
    ]);
  });

  it('that are in force already add nothing', async () => {
    const store = emptyTape();
    await apply(store, smallSettings(1, 1, 2));
    const before = await store.head();
    expect((await apply(store, { ...smallSettings(1, 1, 2), $schema: 'elsewhere' })).outcome).toBe('in-force');
    expect(await store.head()).toBe(before);
  });

  it('of a lower generation are ignored: what is in force stays', async () => {
    const store = emptyTape();
    await apply(store, smallSettings(5, 1, 2));
    const { outcome, settings } = await apply(store, smallSettings(4, 3, 9));
    expect([outcome, settings.generation]).toEqual(['ignored', 5]);
    expect(await typesOn(store)).toHaveLength(6);
  });

  it('of the same generation with other content are refused', async () => {
    const store = emptyTape();
    await apply(store, smallSettings(1, 1, 2));
    await expect(apply(store, smallSettings(1, 1, 3))).rejects.toThrow(/generation 1 is in force with other content: raise/);
  });

  it('of a higher generation are appended as the difference alone', async () => {
    const store = emptyTape();
    await apply(store, smallSettings(1, 1, 2));
    await apply(store, smallSettings(2, 1, 3));
    expect((await typesOn(store)).slice(6)).toEqual(['StrategyConfigured', 'SettingsApplied']);
    const retired = await apply(
      store,
      changed(3, () => ({ feeds: [], strategies: [] })),
    );
    expect((await typesOn(store)).slice(8)).toEqual(['FeedRetired', 'StrategyRetired', 'SettingsApplied']);
    expect(retired.settings.strategies.size + retired.settings.feeds.size).toBe(0);
  });

  it.each<[string, (settings: Settings) => Partial<Settings>, RegExp]>([
    [
      'an instrument away',
      () => ({ instruments: [], feeds: [], strategies: [] }),
      /testvenue.AAABBB is listed.*cannot be removed/,
    ],
    ['an account away', () => ({ accounts: [], strategies: [] }), /account paper is open.*cannot be removed/],
    ['the places of a price', instrumentsWith({ priceScale: 4 }), /priceScale of a listed instrument cannot change from 2 to 4/],
    ['what it is settled in', instrumentsWith({ settle: 'AAA' }), /settle of a listed instrument cannot change from BBB to AAA/],
    ['the kind of an instrument', instrumentsWith({ kind: 'future' }), /kind of a listed instrument cannot change/],
    [
      'the currency of an account',
      ({ accounts }) => ({ accounts: accounts.map((account) => ({ ...account, currency: 'AAA' })) }),
      /account paper counts in BBB and cannot change to AAA/,
    ],
  ])('that would take or change %s are refused, and nothing is appended', async (_what, change, message) => {
    const store = emptyTape();
    await apply(store, smallSettings(1, 1, 2));
    const refusal = apply(store, changed(2, change));
    await expect(refusal).rejects.toThrow(SettingsRefusedError);
    await expect(refusal).rejects.toThrow(message);
    expect(await typesOn(store)).toHaveLength(6);
  });
});

describe('settings that several processes propose at once', () => {
  it('are on the tape once when they are the same', async () => {
    const store = emptyTape();
    await Promise.all([1, 2, 3].map(() => apply(store, smallSettings(1, 1, 2))));
    expect(await typesOn(store)).toHaveLength(6);
  });

  it('end at the highest generation, each set whole', async () => {
    const store = emptyTape();
    await Promise.allSettled(
      [manyAccounts(1), smallSettings(2, 1, 3), manyAccounts(3), smallSettings(2, 1, 4)].map((one) => apply(store, one)),
    );
    const { settings } = await readSettings(store);
    expect(settings.generation).toBe(3);
    expect(settings.accounts.size).toBe(600);
  });
});

describe('a set that is cut off', () => {
  it('has no effect, and is gone on with by whoever proposes it again', async () => {
    const store = emptyTape();
    await expect(apply(failingAfter(store, 1), manyAccounts(1))).rejects.toThrow('killed');
    expect((await readSettings(store)).settings).toMatchObject({ generation: 0, accounts: new Map() });
    const { settings } = await apply(store, manyAccounts(1));
    expect(settings.accounts.size).toBe(600);
    const ids = (await wholeTape(store)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has no part in another that is proposed instead', async () => {
    const store = emptyTape();
    await expect(apply(failingAfter(store, 1), manyAccounts(1))).rejects.toThrow('killed');
    const { settings } = await apply(store, smallSettings(1, 1, 2));
    expect([...settings.accounts.keys()]).toEqual(['paper']);
    expect(settings.pending).toEqual([]);
  });
});
