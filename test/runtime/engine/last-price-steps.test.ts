/** A request closes all that is held of feeds that have ended, once each, wherever the engine is killed on the way. */

import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { eventsToClose } from '../../../src/domain/desk/halt-orders.ts';
import { Engine } from '../../../src/domain/engine/engine.ts';
import { REACTORS } from '../../../src/domain/reactors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { ForwardingEventStore } from '../../../src/ports/forwarding.ts';
import { requestHalt } from '../../../src/requests/requests.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { START } from '../../../src/tape/envelope.ts';
import { makeId } from '../../../src/tape/id.ts';
import { CANDLES, PAPER, Scene } from '../../domain/given.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { tickingClock, wholeTape } from '../../support/small-market.ts';

const HELD = 30;
const SYMBOLS = Array.from({ length: HELD }, (_, index) => `A${index}USDT`);
const STREAMS: Readonly<Record<string, string>> = { BarClosed: 'bars-test', FeedRecovered: 'feed-test', FeedStale: 'feed-test' };
const NOTHING_SAVED = { assertSameTape: async () => {}, load: async () => START, save: async () => {} };

/** The evidence of an account that holds 30 instruments, of which every feed has ended. */
function evidence(): TapeEvent[] {
  const scene = new Scene(REACTORS);
  scene.settings({
    strategies: [],
    instruments: SYMBOLS.map((symbol) => ({ ...BTCUSDT, symbol, base: symbol.slice(0, -4) })),
    feeds: SYMBOLS.map((symbol) => ({ ...CANDLES, symbol })),
    accounts: [PAPER],
  });
  for (const symbol of SYMBOLS) scene.begin('binance', symbol);
  for (const symbol of SYMBOLS) scene.bar('100', { symbol });
  for (const symbol of SYMBOLS) scene.order('buy', '0.1', { symbol });
  scene.now += 60_000;
  for (const symbol of SYMBOLS) scene.bar('100', { symbol });
  for (const symbol of SYMBOLS) scene.when('FeedStale', { venue: 'binance', symbol, reason: 'ended', lastEventTime: null });
  return scene.tape.filter(({ metadata }) => metadata.reactor === undefined);
}

async function tapeOf(events: readonly TapeEvent[]): Promise<EventStore> {
  const store = openMemoryEventStore({ time: tickingClock(), hasLock: false });
  const revisions = new Map<string, number>();
  for (const [index, event] of events.entries()) {
    const stream = event.type === 'OrderRequested' ? `request-${index}` : (STREAMS[event.type] ?? event.stream);
    const revision = revisions.get(stream);
    await store.append(stream, revision ?? 'no-stream', [{ ...event, stream } as TapeEvent]);
    revisions.set(stream, (revision ?? -1) + 1);
  }
  return store;
}

class Killed extends Error {}

/** Takes so many appends, and then none. */
class DyingStore extends ForwardingEventStore {
  #left: number;

  constructor(store: EventStore, left: number) {
    super(store);
    this.#left = left;
  }

  override append(...args: Parameters<EventStore['append']>): ReturnType<EventStore['append']> {
    return this.#left-- <= 0 ? Promise.reject(new Killed()) : super.append(...args);
  }
}

function runnerOn(store: EventStore): EngineRunner {
  const makeEngine = () => new Engine(REACTORS, makeId, 'one');
  return new EngineRunner({ store, codeVersion: 'one', clock: tickingClock(), makeEngine, checkpoint: NOTHING_SAVED });
}

async function halted(steps: number): Promise<EventStore> {
  const store = await tapeOf(evidence());
  await runnerOn(store).catchUp();
  const terms = {
    mode: 'reduce-only',
    cancelOpen: true,
    flatten: true,
    atLastPrice: true,
    reason: 'the session is over',
  } as const;
  const write = { store, clock: tickingClock(), actor: 'cli:test', codeVersion: 'one' };
  await requestHalt(write, { scope: { account: 'paper-1' }, ...terms }, 'key', steps);
  return store;
}

async function sales(store: EventStore): Promise<string[]> {
  const tape = await wholeTape(store);
  return tape.flatMap(({ type, stream, data }) =>
    type === 'OrderFilled' && data.side === 'sell' ? [`${stream} ${data.symbol}`] : [],
  );
}

const facts = async (store: EventStore) => (await wholeTape(store)).map(({ id, stream, data }) => ({ id, stream, data }));

const STEPS = eventsToClose({ positions: HELD, orders: 0, accounts: 1 }) - 1;

it('is closed whole by one request, on the events that stand behind it', async () => {
  const alone = await halted(0);
  await runnerOn(alone).catchUp();
  expect((await sales(alone)).length).toBeLessThan(HELD);
  const store = await halted(STEPS);
  await runnerOn(store).catchUp();
  expect(new Set((await sales(store)).map((sale) => sale.split(' ')[1]))).toEqual(new Set(SYMBOLS));
  expect(await sales(store)).toHaveLength(HELD);
});

it('is closed once each, and the same, wherever it is killed on the way', async () => {
  const whole = await halted(STEPS);
  const before = (await wholeTape(whole)).length;
  await runnerOn(whole).catchUp();
  const expected = await facts(whole);
  let kills = 0;
  for (let appends = 0; ; appends += 11) {
    const store = await halted(STEPS);
    const outcome = await runnerOn(new DyingStore(store, appends))
      .catchUp()
      .then(
        () => 'done',
        (error: unknown) => error,
      );
    if (outcome === 'done') break;
    expect(outcome).toBeInstanceOf(Killed);
    expect((await wholeTape(store)).length).toBeLessThan(expected.length);
    kills++;
    await runnerOn(store).catchUp();
    const sorted = (all: typeof expected) =>
      all
        .slice(before)
        .map((fact) => JSON.stringify(fact))
        .sort();
    expect(sorted(await facts(store))).toEqual(sorted(expected));
    expect(await sales(store)).toHaveLength(HELD);
  }
  expect(kills).toBeGreaterThan(3);
});
