import { describe, expect, it, onTestFinished } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import { noSettings } from '../../../src/domain/settings/in-force.ts';
import type { FeedSettings, InstrumentSettings } from '../../../src/domain/settings/settings.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import type { Feed } from '../../../src/ports/feed.ts';
import type { Leases } from '../../../src/ports/leases.ts';
import { ingestPart } from '../../../src/runtime/ingest/ingest-part.ts';
import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { feedOf } from '../../support/ingest-role.ts';
import { minuteBars, smallSettings, tickingClock, zigzag } from '../../support/small-market.ts';

const SYMBOLS = ['AAABBB', 'CCCDDD', 'EEEFFF'];
const BARS = 5;

/** Three feeds in force, in that order. */
function givenSettings() {
  const settings = noSettings();
  const { instruments, feeds } = smallSettings(1, 1, 2);
  for (const symbol of SYMBOLS) {
    settings.instruments.set(`testvenue.${symbol}`, { ...(instruments[0] as InstrumentSettings), symbol });
    settings.feeds.set(`testvenue.${symbol}`, { ...(feeds[0] as FeedSettings), symbol });
  }
  return settings;
}

const barsOf = (symbol: string): EvidenceDraft[] =>
  minuteBars(zigzag(BARS)).map((bar) => ({
    ...bar,
    stream: bar.stream.replace('AAABBB', symbol),
    key: bar.key.replace('AAABBB', symbol),
    data: { ...bar.data, symbol } as typeof bar.data,
  })) as EvidenceDraft[];

interface Given {
  readonly openFeed?: (feed: FeedSettings) => Feed | null;
  readonly events?: EventStore;
  readonly leases?: Leases;
}

/** The part, with all that it tells. */
function givenPart({ openFeed = ({ symbol }) => feedOf(barsOf(symbol)), events = givenTape(), leases }: Given = {}) {
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
      projected: async () => void told.push('projected'),
      openFeed,
      signal: stop.signal,
      listener: {
        progress: () => {},
        done: (feed, { recorded }) => told.push(`${feed}: ${recorded}`),
        elsewhere: (feed) => told.push(`${feed}: elsewhere`),
        finished: () => told.push('finished'),
      },
    },
    givenSettings(),
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

const inOrder = (...symbols: string[]): string[] => symbols.flatMap((symbol) => Array<string>(BARS).fill(symbol));

describe('the ingest of a process', () => {
  it('takes the feeds one after the other in the order of the settings, and says when all are done', async () => {
    const { run, told, events } = givenPart();
    await run();
    expect(await symbolsOn(events)).toEqual(inOrder(...SYMBOLS));
    expect(told).toEqual([
      'running',
      'testvenue AAABBB 1m: 5',
      'running',
      'testvenue CCCDDD 1m: 5',
      'running',
      'testvenue EEEFFF 1m: 5',
      'running',
      'projected',
      'finished',
    ]);
  });

  it('passes over a feed for which the settings name no source', async () => {
    const { run, events } = givenPart({ openFeed: ({ symbol }) => (symbol === 'CCCDDD' ? null : feedOf(barsOf(symbol))) });
    await run();
    expect(await symbolsOn(events)).toEqual(inOrder('AAABBB', 'EEEFFF'));
  });

  it('goes on with the feed that it was at when it is begun again after the tape was away', async () => {
    const opened: string[] = [];
    let isAway = true;
    const tape = givenTape();
    const events = alteredEvents(tape, {
      append: async (stream, ...rest) => {
        if (isAway && stream.includes('CCCDDD')) throw new StoreUnavailableError('event store', 'away');
        return tape.append(stream, ...rest);
      },
    });
    const openFeed = ({ symbol }: FeedSettings): Feed => {
      opened.push(symbol);
      return feedOf(barsOf(symbol));
    };
    const { run, told } = givenPart({ events, openFeed });
    await expect(run()).rejects.toThrow('away');
    isAway = false;
    await run();
    expect(opened).toEqual(['AAABBB', 'CCCDDD', 'CCCDDD', 'EEEFFF']);
    expect(await symbolsOn(tape)).toEqual(inOrder(...SYMBOLS));
    expect(told.filter((line) => line.includes(':')).map((line) => line.split(' ')[1])).toEqual(SYMBOLS);
    expect(told.at(-1)).toBe('finished');
  });

  it('ends within a feed when it is told to, and begins no other', async () => {
    const opened: string[] = [];
    const { run, told, stop } = givenPart({
      openFeed: ({ symbol }) => ({
        async *evidence({ signal }) {
          opened.push(symbol);
          yield barsOf(symbol).slice(0, 2);
          stop.abort();
          expect(signal?.aborted).toBe(true);
        },
      }),
    });
    await run();
    expect(opened).toEqual(['AAABBB']);
    expect(told).not.toContain('finished');
  });

  it('stands by while another instance has the lease of a feed, and takes it from where the tape is', async () => {
    const leases = openMemoryLeases();
    const events = givenTape();
    const other = new LeaseKeeper({ leases, owner: 'b', holder: 'host-b:1', lengthMs: 200, time: systemTime }, () => {});
    onTestFinished(() => other.close());
    const theirs = other.lease('feed-testvenue.AAABBB');
    await theirs.acquire(new AbortController().signal);
    const { run, told } = givenPart({ leases, events });
    const running = run();
    await expect.poll(() => told).toEqual(['standby']);
    expect(await symbolsOn(events)).toEqual([]);
    await theirs.giveBack();
    await running;
    expect(await symbolsOn(events)).toEqual(inOrder(...SYMBOLS));
    expect(told.slice(0, 3)).toEqual(['standby', 'running', 'testvenue AAABBB 1m: 5']);
  });
});
