import type { SQLInputValue } from 'node:sqlite';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { openTapeFile, openTapeFileToRead } from '../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { type EvidenceDraft, feedRecovered } from '../../src/domain/feed/evidence.ts';
import type { Settings } from '../../src/domain/settings/settings.ts';
import { makeLogger } from '../../src/logging.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { startSystem } from '../../src/system.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { minuteBars, smallSettings } from '../../test/support/small-market.ts';
import { BUILD, newFile } from '../recorded-tape.ts';
import { atRate, latencyOf, type Outcome, quantile, type Row } from '../row.ts';

const ROUNDS = 5;
const BARS = 700;
const PER_SECOND = 100;
/** The first ones of a round do not count: code is still being compiled. */
const WARM_UP = 100;
/** After so many, the bare file's log begins again. */
const BARS_OF_LOG = 40;
const TIMEOUT_MS = 10_000;
/** Before the first bar. */
const FEED_BEGAN_MS = 1_700_000_000_000;

export const decision: Row = {
  name: 'decision',
  path: 'bar recorded -> order approved and recorded, embedded, live',
  async run(): Promise<Outcome[]> {
    const [decisionCommitTimes, barCommitTimes]: [number[], number[]] = [[], []];
    const orders: OrderTimes[] = [];
    const ratios: number[] = [];
    // In turn, so that whatever else the machine does meets both.
    for (let round = 0; round < ROUNDS; round++) {
      const { tape, times } = await decisions();
      const { ofBars, ofDecisions } = await commits(tape);
      decisionCommitTimes.push(...ofDecisions);
      barCommitTimes.push(...ofBars);
      orders.push(...times);
      ratios.push(latencyOf(times.map(({ fromRecordedMs }) => fromRecordedMs)).p99 / latencyOf(ofBars).p99);
    }
    const [commit, ofDecision] = [latencyOf(barCommitTimes), latencyOf(decisionCommitTimes)];
    const latency = latencyOf(orders.map(({ fromRecordedMs }) => fromRecordedMs));
    const whole = latencyOf(orders.map(({ fromHandedMs }) => fromHandedMs));
    return [
      {
        what: `from a bar being durable to its approved order being so, ${orders.length} orders at ${PER_SECOND} a second; p99 against that of one durable commit of the bar's row, median of ${ROUNDS} rounds; open loop: from when the bar was due`,
        measured: `p99 ${latency.p99.toFixed(2)} ms, p50 ${latency.p50.toFixed(2)} ms (from the bar handed over, its own commit included: ${whole.p99.toFixed(2)} ms, ${whole.p50.toFixed(2)} ms)`,
        raw: `p99 ${commit.p99.toFixed(2)} ms, p50 ${commit.p50.toFixed(2)} ms (of the decision's rows: ${ofDecision.p99.toFixed(2)} ms, ${ofDecision.p50.toFixed(2)} ms)`,
        value: quantile(ratios, 0.5),
        bound: 4,
        atLeast: false,
        unit: 'commits',
        latency: latencyOf(orders.map(({ fromDueMs }) => fromDueMs)),
      },
    ];
  },
};

/** A strategy that turns with every bar, so that every bar makes an order. */
function settings(): Settings {
  const small = smallSettings(1, 1, 2);
  const limits = {
    positionSize: '1000000',
    dailyLoss: '1000000',
    drawdown: '0.9',
    concentration: '0.9',
    leverage: '1',
    priceCollar: '0.5',
    marketHours: true,
  };
  return { ...small, accounts: small.accounts.map((account) => ({ ...account, balances: { BBB: '1000000' }, limits })) };
}

interface OrderTimes {
  /** From a subscriber seeing the bar, which is durable then, to the same one seeing the order. */
  readonly fromRecordedMs: number;
  /** From the call that appends the bar. */
  readonly fromHandedMs: number;
  /** The same from when the bar was to be appended. */
  readonly fromDueMs: number;
}

async function decisions(): Promise<{ readonly tape: string; readonly times: OrderTimes[] }> {
  const tape = newFile();
  const [events, reads] = [
    await openEventStore(`sqlite:${tape}`, systemTime),
    await openReadStore(`sqlite:${newFile()}`, systemTime),
  ];
  await applySettings(events, settings(), { clock: systemTime, actor: BUILD, codeVersion: BUILD });
  const log = makeLogger('silent');
  const system = await startSystem({ events, reads, time: systemTime, log, codeVersion: BUILD, mayRollBack: false });
  const [handedAt, recordedAt, approvedAt] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const seen = events.subscribe({
    after: await events.head(),
    categories: ['bars', 'order'],
    onEvents: (batch) => {
      const now = performance.now();
      for (const { id, type, metadata } of batch) {
        if (type === 'BarClosed') recordedAt.set(id, now);
        if (type === 'OrderApproved' && metadata.evidence !== undefined) approvedAt.set(metadata.evidence, now);
      }
    },
  });
  const began = feedRecovered({ venue: 'testvenue', symbol: 'AAABBB' }, 'ended', FEED_BEGAN_MS);
  await events.append(began.stream, 'no-stream', [evidenceOf(began)]);
  const bars = minuteBars(Array.from({ length: BARS }, (_, index) => 100 + (index % 2))).map(evidenceOf);
  const dueAt = new Map<string, number>();
  const revisions = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  await atRate(PER_SECOND, BARS, (index, dueMs) => {
    const bar = bars[index];
    if (bar === undefined) return;
    dueAt.set(bar.id, dueMs);
    const revision = revisions.get(bar.stream);
    revisions.set(bar.stream, (revision ?? -1) + 1);
    handedAt.set(bar.id, performance.now());
    last = system.events.append(bar.stream, revision ?? 'no-stream', [bar]);
  });
  await last;
  const deadline = performance.now() + TIMEOUT_MS;
  const isDone = () => bars.slice(WARM_UP).every(({ id }) => approvedAt.has(id));
  while (!isDone() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  await seen.close();
  await system.close();
  await events.close();
  await reads.close();
  const times = bars.slice(WARM_UP).flatMap(({ id }) => {
    const [due, handed, recorded, approved] = [dueAt.get(id), handedAt.get(id), recordedAt.get(id), approvedAt.get(id)];
    if (due === undefined || handed === undefined || recorded === undefined || approved === undefined) return [];
    return { fromRecordedMs: approved - recorded, fromHandedMs: approved - handed, fromDueMs: approved - due };
  });
  if (times.length < BARS - WARM_UP - 2) throw new Error(`only ${times.length} of ${BARS - WARM_UP} bars made an order`);
  return { tape, times };
}

function evidenceOf({ type, stream, key, data, occurredAt }: EvidenceDraft): TapeEvent {
  return makeEvidence(type, stream, key, data, { occurredAt, actor: BUILD, codeVersion: BUILD });
}

/**
 * Milliseconds of the commits of the same rows, bare, at the same rate: of each bar, and then of what was decided on
 * it. The first is what the row is compared with, the other is shown beside it. Nothing else is done meanwhile.
 */
async function commits(tape: string): Promise<Commits> {
  const db = await openTapeFile(newFile(), systemTime);
  db.exec('PRAGMA wal_autocheckpoint = 0');
  const insert = db.prepare(`INSERT INTO events VALUES (${Array(12).fill('?').join(', ')})`);
  const commit = (rows: readonly SQLInputValue[][]): number => {
    const start = performance.now();
    db.exec('BEGIN IMMEDIATE');
    for (const row of rows) insert.run(...row);
    db.exec('COMMIT');
    return performance.now() - start;
  };
  const bars = await barsWithDecisions(tape);
  const [ofBars, ofDecisions]: [number[], number[]] = [[], []];
  await atRate(PER_SECOND, bars.length, (index) => {
    const [bar, decisions] = bars[index] as BarRows;
    ofBars.push(commit([bar]));
    ofDecisions.push(commit(decisions));
    // Not part of any time: it is for a log that does not grow, as commits are quicker into one that is there.
    if (index % BARS_OF_LOG === 0) db.exec('PRAGMA wal_checkpoint(RESTART)');
  });
  db.close();
  return { ofBars: ofBars.slice(WARM_UP), ofDecisions: ofDecisions.slice(WARM_UP) };
}

/** In milliseconds. */
interface Commits {
  readonly ofBars: readonly number[];
  readonly ofDecisions: readonly number[];
}

/** A bar's row, and those of the cascade on it. */
type BarRows = readonly [SQLInputValue[], readonly SQLInputValue[][]];

async function barsWithDecisions(tape: string): Promise<readonly BarRows[]> {
  const db = await openTapeFileToRead(tape, systemTime);
  const read = db.prepare('SELECT * FROM events ORDER BY position');
  read.setReturnArrays(true);
  const rows = read.all() as unknown as SQLInputValue[][];
  db.close();
  const starts = rows.flatMap(([, , , , , type], index) => (type === 'BarClosed' ? [index] : []));
  return starts.flatMap((start, index): BarRows[] => {
    const [bar, ...decisions] = rows.slice(start, starts[index + 1]);
    return bar === undefined || decisions.length === 0 ? [] : [[bar, decisions]];
  });
}
