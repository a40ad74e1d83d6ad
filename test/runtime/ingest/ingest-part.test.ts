import { describe, expect, it, onTestFinished } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import { noSettings, type SettingsInForce } from '../../../src/domain/settings/in-force.ts';
import type { FeedSettings, InstrumentSettings } from '../../../src/domain/settings/settings.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import type { Feed } from '../../../src/ports/feed.ts';
import type { Leases } from '../../../src/ports/leases.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { ingestPart } from '../../../src/runtime/ingest/ingest-part.ts';
import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { feedOf } from '../../support/ingest-role.ts';
import { minuteBars, smallSettings, tickingClock, zigzag } from '../../support/small-market.ts';

const SYMBOLS = ['AAABBB', 'CCCDDD', 'EEEFFF'];
const BARS = 5;

/** Three feeds in force, in another order than that of their names. */
function givenSettings() {
  const settings = noSettings();
  const { instruments, feeds } = smallSettings(1, 1, 2);
  for (const symbol of SYMBOLS.toReversed()) {
    settings.instruments.set(`testvenue.${symbol}`, { ...(instruments[0] as InstrumentSettings), symbol });
    settings.feeds.set(`testvenue.${symbol}`, { ...(feeds[0] as FeedSettings), symbol });
  }
  return settings;
}

const barsOf = (symbol: string, count = BARS): EvidenceDraft[] =>
  minuteBars(zigzag(count)).map((bar) => ({
    ...bar,
    stream: bar.stream.replace('AAABBB', symbol),
    key: bar.key.replace('AAABBB', symbol),
    data: { ...bar.data, symbol } as typeof bar.data,
  })) as EvidenceDraft[];

interface Given {
  readonly openFeed?: (feed: FeedSettings) => Feed | null;
  readonly events?: EventStore;
  readonly leases?: Leases;
  readonly settings?: SettingsInForce;
  readonly pace?: string;
}

/** The part, with all that it tells. */
function givenPart(given: Given = {}) {
  const { openFeed = ({ symbol }) => feedOf(barsOf(symbol)), events = givenTape(), leases } = given;
  const told: string[] = [];
  const stop = new AbortController();
  const keeper = leases && new LeaseKeeper({ leases, owner: 'a', holder: 'host-a:1', lengthMs: 200, time: systemTime }, () => {});
  if (keeper !== undefined) onTestFinished(() => keeper.close());
  const part = ingestPart(
    {
      events,
      time: systemTime,
      engine: null,
      metrics: makeMetrics(),
      codeVersion: 'test',
      lease: (name) => keeper?.lease(name) ?? null,
      settled: async (pieces) => void told.push(`settled: ${pieces}`),
      openFeed,
      pace: given.pace,
      signal: stop.signal,
      listener: {
        progress: () => {},
        done: (feed, { recorded }) => told.push(`${feed}: ${recorded}`),
        settling: () => {},
        elsewhere: (feed) => told.push(`${feed}: elsewhere`),
        finished: () => told.push('finished'),
      },
    },
    given.settings ?? givenSettings(),
  );
  const run = () => part((state) => told.push(state), new AbortController().signal);
  return { run, told, stop, events };
}

function givenTape(): EventStore {
  return openMemoryEventStore({ time: tickingClock(), hasLock: false });
}

async function symbolsOn(events: EventStore): Promise<string[]> {
  const bars = await events.read({ categories: ['bars'], limit: 500 });
  return bars.map(({ stream }) => SYMBOLS.find((symbol) => stream.includes(symbol)) ?? stream);
}

/** Bar after bar, the first of each feed, the second of each, and so on. */
const merged = (...symbols: string[]): string[] => Array<string[]>(BARS).fill(symbols).flat();

describe('the ingest of a process', () => {
  it('takes the feeds as one run, by time and then by name, and says when each and when all are done', async () => {
    const { run, told, events } = givenPart({
      openFeed: ({ symbol }) => feedOf(barsOf(symbol, symbol === 'CCCDDD' ? BARS - 1 : BARS)),
    });
    await run();
    expect(await symbolsOn(events)).toEqual([...merged(...SYMBOLS).slice(0, -3), 'AAABBB', 'EEEFFF']);
    expect(told).toEqual([
      'running',
      'testvenue CCCDDD 1m: 4',
      'testvenue AAABBB 1m: 5',
      'testvenue EEEFFF 1m: 5',
      'settled: 14',
      'finished',
    ]);
  });

  it('passes over a feed for which the settings name no source', async () => {
    const { run, events } = givenPart({ openFeed: ({ symbol }) => (symbol === 'CCCDDD' ? null : feedOf(barsOf(symbol))) });
    await run();
    expect(await symbolsOn(events)).toEqual(merged('AAABBB', 'EEEFFF'));
  });

  it('passes over what is recorded when it is begun again after the tape was away', async () => {
    let appends = 0;
    const tape = givenTape();
    const events = alteredEvents(tape, {
      append: async (...appended) => {
        if (++appends === 7) throw new StoreUnavailableError('event store', 'away');
        return tape.append(...appended);
      },
    });
    const { run, told } = givenPart({ events });
    await expect(run()).rejects.toThrow('away');
    expect(await symbolsOn(tape)).toEqual(merged(...SYMBOLS).slice(0, 6));
    await run();
    expect(await symbolsOn(tape)).toEqual(merged(...SYMBOLS));
    expect(told.filter((line) => line.startsWith('testvenue')).map((line) => line.split(' ')[1])).toEqual(SYMBOLS);
    expect(told.at(-1)).toBe('finished');
  });

  it('goes on with a tape on which the feeds lie one after the other, and the second one half', async () => {
    const tape = givenTape();
    const recorder = new EvidenceRecorder(tape, systemTime);
    await recorder.record([...barsOf('AAABBB'), ...barsOf('CCCDDD').slice(0, 2)], { actor: 'ingest', codeVersion: 'old' });
    const { run, told } = givenPart({ events: tape });
    await run();
    const rest = ['EEEFFF', 'EEEFFF', 'CCCDDD', 'EEEFFF', 'CCCDDD', 'EEEFFF', 'CCCDDD', 'EEEFFF'];
    expect(await symbolsOn(tape)).toEqual([...Array<string>(5).fill('AAABBB'), 'CCCDDD', 'CCCDDD', ...rest]);
    expect(told.slice(1, 4)).toEqual(['testvenue AAABBB 1m: 0', 'testvenue CCCDDD 1m: 3', 'testvenue EEEFFF 1m: 5']);
  });

  it('ends when it is told to, and says how far each feed has come', async () => {
    const { run, told, stop } = givenPart({
      openFeed: ({ symbol }) => ({
        async *evidence({ signal }) {
          yield barsOf(symbol).slice(0, 2);
          if (symbol !== 'AAABBB') return;
          stop.abort();
          expect(signal?.aborted).toBe(true);
        },
      }),
    });
    await run();
    expect(told).not.toContain('finished');
    expect(told.filter((line) => line.includes(':'))).toHaveLength(SYMBOLS.length);
  });

  it('plays no feeds that name different paces, but for one that is named in their place', async () => {
    const settings = givenSettings();
    for (const [key, pace] of [
      ['testvenue.AAABBB', '1000'],
      ['testvenue.CCCDDD', '2000'],
    ] as const) {
      settings.feeds.set(key, { ...(settings.feeds.get(key) as FeedSettings), pace });
    }
    await expect(givenPart({ settings }).run()).rejects.toThrow(/the paces 2000 and 1000, .* one run: .* --pace/);
    const { run, told } = givenPart({ settings, pace: 'max' });
    await run();
    expect(told.at(-1)).toBe('finished');
  });

  it('stands by while another instance has the lease of any feed, and takes the run from where the tape is', async () => {
    const leases = openMemoryLeases();
    const events = givenTape();
    const other = new LeaseKeeper({ leases, owner: 'b', holder: 'host-b:1', lengthMs: 200, time: systemTime }, () => {});
    onTestFinished(() => other.close());
    const theirs = other.lease('feed-testvenue.CCCDDD');
    await theirs.acquire(new AbortController().signal);
    const { run, told } = givenPart({ leases, events });
    const running = run();
    await expect.poll(() => told).toEqual(['standby']);
    expect(await symbolsOn(events)).toEqual([]);
    await theirs.giveBack();
    await running;
    expect(await symbolsOn(events)).toEqual(merged(...SYMBOLS));
    expect(told.slice(0, 3)).toEqual(['standby', 'running', 'testvenue AAABBB 1m: 5']);
  });

  it('begins the run again when it has lost one lease, and leaves the same tape', async () => {
    const leases = openMemoryLeases();
    const events = givenTape();
    const take = async (): Promise<void> => {
      const record = (await leases.read()).get('feed-testvenue.EEEFFF');
      if (record === undefined) throw new Error('the lease was taken');
      const theirs = { owner: 'b', epoch: record.epoch + 1, holder: 'host-b:1', counter: record.counter + 1 };
      await leases.compareAndSet('feed-testvenue.EEEFFF', record.counter, theirs);
    };
    let readings = 0;
    const { run, told } = givenPart({
      leases,
      events,
      openFeed: ({ symbol }) => ({
        async *evidence({ signal }) {
          const bars = barsOf(symbol);
          yield bars.slice(0, 3);
          if (symbol === 'AAABBB' && ++readings === 1) {
            await take();
            await new Promise((resolve) => signal?.addEventListener('abort', resolve));
          }
          yield bars.slice(3);
        },
      }),
    });
    await run();
    expect(readings).toBe(2);
    expect(await symbolsOn(events)).toEqual(merged(...SYMBOLS));
    expect(told.filter((line) => line === 'running')).toHaveLength(2);
    expect(told.filter((line) => line.startsWith('testvenue'))).toHaveLength(SYMBOLS.length);
  });
});
