import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEventStore, openReadStore, openRecording } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { Tally } from '../../src/domain/feed/tally.ts';
import { makeLogger } from '../../src/logging.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../../src/requests/settings-file.ts';
import { makeEngineRunner } from '../../src/system.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { factsOf, tickingClock, wholeTape } from '../support/small-market.ts';
import { tradeIndependently } from './independent-crossover.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SETTINGS = join(ROOT, 'settings', 'default.json');
const HISTORY = join(ROOT, 'data', 'coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz');
const ACTOR = { actor: 'ingest', codeVersion: 'test' };

interface Taken {
  readonly tape: readonly RecordedEvent[];
  readonly tally: Tally;
}

/** Takes the Coinbase history onto a tape of its own. */
async function takeHistory(): Promise<Taken> {
  const clock = tickingClock();
  const events = await openEventStore('memory:', clock);
  const reads = await openReadStore('memory:', systemTime);
  const { settings } = await applySettings(events, await loadSettings(SETTINGS), { clock, actor: 'test', codeVersion: 'test' });
  const engine = makeEngineRunner({
    events,
    reads,
    time: clock,
    log: makeLogger('silent'),
    codeVersion: 'test',
    mayRollBack: false,
  });
  const [feed] = [...settings.feeds.values()];
  const [instrument] = [...settings.instruments.values()];
  if (feed === undefined || instrument === undefined) throw new Error('the shipped settings have a feed');
  const tally = new Tally();
  const recording = openRecording([recordingPath(SETTINGS, feed.recordings[0] ?? '')], feed, instrument);
  for await (const drafts of recording.evidence({ tally })) {
    for (let from = 0; from < drafts.length; from += 500) await engine.inStep(drafts.slice(from, from + 500), ACTOR);
  }
  return { tape: await wholeTape(events), tally };
}

let first: Promise<Taken> | undefined;
function history(): Promise<Taken> {
  first ??= takeHistory();
  return first;
}

function ofType<N extends RecordedEvent['type']>(tape: readonly RecordedEvent[], type: N): Extract<RecordedEvent, { type: N }>[] {
  return tape.filter((event): event is Extract<RecordedEvent, { type: N }> => event.type === type);
}

/** Integers of the independent calculation as decimal text. */
function decimal(units: bigint, places: number): string {
  const digits = units.toString().padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '');
}

describe('the Coinbase history from 2016 to 2025', () => {
  const independent = tradeIndependently(HISTORY, 50, 200, 100_000n * 10n ** 13n);

  it('is traded as an independent calculation trades it, to the last digit', async () => {
    const { tape, tally } = await history();
    expect(tally.entries.size).toBe(0);

    const signals = ofType(tape, 'SignalGenerated').map(({ data }) => [data.barOpenTime.slice(0, 10), data.side]);
    expect(signals).toEqual(independent.trades.map(({ day, side }) => [day, side]));
    expect(signals).toHaveLength(16);
    expect(signals[0]).toEqual(['2018-03-30', 'sell']);
    expect(signals[15]).toEqual(['2025-05-22', 'buy']);

    expect(ofType(tape, 'OrderDenied').map(({ data }) => data.reason)).toEqual(['nothing-to-sell']);
    const fills = ofType(tape, 'OrderFilled').map(({ data }) => [data.side, data.price, data.quantity, data.at]);
    expect(fills).toEqual(
      independent.trades.flatMap(({ side, fill }) =>
        fill === null ? [] : [[side, decimal(fill.price, 2), decimal(fill.quantity, 8), fill.time]],
      ),
    );

    const cash = ofType(tape, 'BalanceChanged').filter(({ data }) => data.asset === 'USD' && data.account === 'paper-coinbase');
    expect(cash.at(-1)?.data.balance).toBe(decimal(independent.cash, 13));
    const position = ofType(tape, 'PositionChanged').at(-1)?.data;
    expect(position?.quantity).toBe(decimal(independent.quantity, 8));
    expect(position?.realizedProfit).toBe(decimal(independent.realized, 13));
  });

  it('makes the days of the known gaps incomplete, and no others but the first', async () => {
    const days = ofType((await history()).tape, 'BarClosed').filter(({ data }) => data.interval === '1d');
    const incomplete = days.filter(({ data }) => !data.complete).map(({ data }) => data.openTime.slice(0, 10));
    expect(incomplete).toEqual(['2016-05-18', '2017-02-28', '2018-08-10', '2025-10-25']);
    // The last day has one candle, and so never closes.
    expect(days.at(-1)?.data.openTime.slice(0, 10)).toBe('2025-10-27');
  });

  it('comes out the same whenever it is taken', async () => {
    const digestOf = ({ tape }: Taken) =>
      JSON.stringify(factsOf(tape.filter(({ stream }) => !/^(settings|engine)/.test(stream)))).replace(
        /"occurredAt":"2027[^"]*"/g,
        '"occurredAt":"start"',
      );
    expect(digestOf(await takeHistory())).toBe(digestOf(await history()));
  });
});
