/**
 * Live on a tape in EventStoreDB (the small one of the tests, which answers as late as one that flushes to a disk): bars
 * come at a fixed rate whether or not those before them are decided on, and each makes the strategy trade.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import type { EventStore, ExpectedRevision } from '../../src/ports/event-store.ts';
import { alteredEvents } from '../../test/support/altered-stores.ts';
import { minuteBars } from '../../test/support/small-market.ts';
import { atRate, latencyOf, type Outcome, quantile, type Row } from '../row.ts';
import { evidenceOf, systemOnMarket } from '../trading.ts';
import { appendP50 } from './bare-append.ts';
import { onFlushingServer } from './flushing-server.ts';

const BARS_PER_SECOND = 100;
/** Before those that count: code is still being compiled. */
const WARM_UP = 300;
const BARS = 600;
const ROUNDS = 3;
/** Bars on which the strategy has no earlier one to compare with. */
const NO_TURN = 2;
/** Until all orders are there, once the last bar is. */
const MAX_WAIT_MS = 30_000;

export const live: Row = {
  name: 'live',
  path: `live on a tape in EventStoreDB (the small one of the tests, with a flush), ${BARS_PER_SECOND} bars a second`,
  async run(): Promise<Outcome[]> {
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await onFlushingServer(playLive));
    const latencies = rounds.flatMap(({ latencies }) => latencies);
    const latency = latencyOf(latencies);
    const raw = quantile(
      rounds.map(({ append }) => append),
      0.5,
    );
    return (
      [
        ['p50', latency.p50, 3],
        ['p99', latency.p99, 6],
      ] as const
    ).map(([name, ms, bound]) => ({
      what: `from when a bar's append was due to be answered to the order on it being recorded, ${latencies.length} orders, the engine by itself, against the bare client appending one event`,
      measured: `${name} ${ms.toFixed(2)} ms`,
      raw: `p50 ${raw.toFixed(2)} ms`,
      value: ms / raw,
      bound,
      atLeast: false,
      unit: 'appends',
      latency,
    }));
  },
};

interface Round {
  /** Milliseconds, of each bar that counts. */
  readonly latencies: readonly number[];
  /** The bare client's p50 of an append of one event, in milliseconds. */
  readonly append: number;
}

async function playLive(address: string): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
  const client = EventStoreDBClient.connectionString(address);
  const append = await appendP50(client);
  await client.dispose();
  const tape = await openEventStore(address, systemTime);
  const reads = await openReadStore(`sqlite:${join(folder, 'reads.sqlite')}`, systemTime);
  const orders: Order[] = [];
  const system = await systemOnMarket(noting(tape, orders), reads, ['engine']);
  // The first is there. At each the strategy turns.
  const closes = Array.from({ length: 1 + NO_TURN + WARM_UP + BARS }, (_, index) => 100 + (index % 2) / 100);
  const bars = minuteBars(closes).slice(1).map(evidenceOf);
  const due = await offer(system.events, bars);
  const turned = bars.slice(NO_TURN);
  for (const begun = performance.now(); orders.length < turned.length; ) {
    if (performance.now() - begun > MAX_WAIT_MS) throw new Error(`${orders.length} of ${turned.length} orders were recorded`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await system.close();
  await reads.close();
  await tape.close();
  rmSync(folder, { recursive: true });
  const latencies = orders.map(({ cause, recordedMs }, index) => {
    if (cause !== turned[index]?.id) throw new Error(`order ${index} is not the one on the bar of that place`);
    return recordedMs - (due[NO_TURN + index] as number) - append;
  });
  return { latencies: latencies.slice(WARM_UP), append };
}

interface Order {
  /** Id of its bar. */
  readonly cause: string;
  readonly recordedMs: number;
}

/** The tape, which tells `orders` of each whose first event was answered in its own stream. */
function noting(tape: EventStore, orders: Order[]): EventStore {
  return alteredEvents(tape, {
    append: async (stream, expected, events, pipeline) => {
      const appended = await tape.append(stream, expected, events, pipeline);
      const [first] = events;
      if (first?.type === 'OrderApproved') orders.push({ cause: first.metadata.correlationId, recordedMs: performance.now() });
      return appended;
    },
  });
}

/** Appends the bars in their order, each when it is due and without waiting for the others. Returns when each was due. */
async function offer(events: EventStore, bars: readonly TapeEvent[]): Promise<number[]> {
  const [head] = minuteBars([100]).map(evidenceOf);
  const revisions = new Map<string, ExpectedRevision>([[head?.stream ?? '', 0]]);
  const pipeline = events.openPipeline() ?? undefined;
  const append = (bar: TapeEvent): Promise<unknown> => {
    const last = revisions.get(bar.stream) ?? 'no-stream';
    revisions.set(bar.stream, last === 'no-stream' ? 0 : last + 1);
    return events.append(bar.stream, last, [bar], pipeline);
  };
  const due = [performance.now()];
  // Alone, as the first of a pipeline.
  await append(bars[0] as TapeEvent);
  const answers: Promise<unknown>[] = [];
  await atRate(BARS_PER_SECOND, bars.length - 1, (index, dueMs) => {
    due.push(dueMs);
    answers.push(append(bars[index + 1] as TapeEvent));
  });
  await Promise.all(answers);
  return due;
}
