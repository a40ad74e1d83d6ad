import { openTapeFile } from '../../src/adapters/event-store/tape-file.ts';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { type EvidenceDraft, feedRecovered } from '../../src/domain/market/evidence.ts';
import type { Settings } from '../../src/domain/settings/settings.ts';
import { applySettings } from '../../src/runtime/settings-apply.ts';
import { startSystem } from '../../src/system.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { makeLogger } from '../../src/telemetry.ts';
import { minuteBars, smallSettings } from '../../test/support/small-market.ts';
import { BUILD, CLOCK, newFile } from '../recorded-tape.ts';
import { atRate, latencyOf, type Outcome, quantile, type Row } from '../row.ts';

const ROUNDS = 5;
const BARS = 700;
const PER_SECOND = 100;
/** The first ones of a round do not count: code is still being compiled. */
const WARM_UP = 100;
const COMMITS = 300;
const PATIENCE_MS = 10_000;
/** Before the first bar. */
const FEED_BEGAN_MS = 1_700_000_000_000;

export const decision: Row = {
  name: 'decision',
  path: 'bar recorded -> order approved and recorded, embedded, live',
  async run(): Promise<Outcome[]> {
    const [commitTimes, orders, ratios]: [number[], OrderTimes[], number[]] = [[], [], []];
    // In turn, so that whatever else the machine does meets both.
    for (let round = 0; round < ROUNDS; round++) {
      const before = await commits();
      const made = await decisions();
      const beside = [...before, ...(await commits())];
      commitTimes.push(...beside);
      orders.push(...made);
      ratios.push(latencyOf(made.map(({ fromRecordedMs }) => fromRecordedMs)).p99 / latencyOf(beside).p99);
    }
    const commit = latencyOf(commitTimes);
    const latency = latencyOf(orders.map(({ fromRecordedMs }) => fromRecordedMs));
    return [
      {
        what: `from a bar's commit to the approved order's, ${orders.length} orders at ${PER_SECOND} a second; p99 against that of one durable commit, median of ${ROUNDS} rounds; open loop: from when the bar was due`,
        measured: `p99 ${latency.p99.toFixed(2)} ms, p50 ${latency.p50.toFixed(2)} ms`,
        raw: `p99 ${commit.p99.toFixed(2)} ms, p50 ${commit.p50.toFixed(2)} ms`,
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
  /** From the bar being durable to a subscriber seeing its order, which is so too. */
  readonly fromRecordedMs: number;
  /** The same from when the bar was to be appended. */
  readonly fromDueMs: number;
}

async function decisions(): Promise<OrderTimes[]> {
  const [events, reads] = [await openEventStore(`sqlite:${newFile()}`, CLOCK), await openReadStore(`sqlite:${newFile()}`)];
  await applySettings(events, settings(), { clock: CLOCK, actor: BUILD, codeVersion: BUILD });
  const log = makeLogger('silent');
  const system = await startSystem({ events, reads, clock: CLOCK, log, codeVersion: BUILD, rollBack: false });
  const approvedAt = new Map<string, number>();
  const seen = events.subscribe({
    after: await events.head(),
    categories: ['order'],
    onEvents: (batch) => {
      for (const { type, metadata } of batch) {
        if (type === 'OrderApproved' && metadata.evidence !== undefined) approvedAt.set(metadata.evidence, performance.now());
      }
    },
  });
  const began = feedRecovered({ venue: 'testvenue', symbol: 'AAABBB' }, 'ended', FEED_BEGAN_MS);
  await events.append(began.stream, 'no-stream', [evidenceOf(began)]);
  const bars = minuteBars(Array.from({ length: BARS }, (_, index) => 100 + (index % 2))).map(evidenceOf);
  const dueAt = new Map<string, number>();
  const recordedAt = new Map<string, number>();
  const revisions = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  await atRate(PER_SECOND, BARS, (index, dueMs) => {
    const bar = bars[index];
    if (bar === undefined) return;
    dueAt.set(bar.id, dueMs);
    const revision = revisions.get(bar.stream);
    revisions.set(bar.stream, (revision ?? -1) + 1);
    last = events.append(bar.stream, revision ?? 'no-stream', [bar]).then(() => recordedAt.set(bar.id, performance.now()));
  });
  await last;
  const deadline = performance.now() + PATIENCE_MS;
  while (approvedAt.size < BARS - 2 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  await seen.close();
  await system.close();
  await events.close();
  await reads.close();
  const times = bars.slice(WARM_UP).flatMap(({ id }) => {
    const [due, recorded, approved] = [dueAt.get(id), recordedAt.get(id), approvedAt.get(id)];
    if (due === undefined || recorded === undefined || approved === undefined) return [];
    return { fromRecordedMs: approved - recorded, fromDueMs: approved - due };
  });
  if (times.length < BARS - WARM_UP - 2) throw new Error(`only ${times.length} of ${BARS - WARM_UP} bars made an order`);
  return times;
}

function evidenceOf({ type, stream, key, data, occurredAt }: EvidenceDraft): TapeEvent {
  return makeEvidence(type, stream, key, data, { occurredAt, actor: BUILD, codeVersion: BUILD });
}

/** Milliseconds of commits of one row each, bare, at the same rate. */
async function commits(): Promise<number[]> {
  const db = await openTapeFile(newFile());
  const insert = db.prepare(
    `INSERT INTO events (position, id, stream, category, revision, type, schema_version, data, metadata, occurred_at,
      correlation_id, recorded_at) VALUES (?, ?, 'bars-x', 'bars', ?, 'BarClosed', 1, ?, '{}', ?, 'x', ?)`,
  );
  const data = 'x'.repeat(400);
  const times: number[] = [];
  await atRate(2 * PER_SECOND, COMMITS, (index) => {
    const start = performance.now();
    const now = new Date().toISOString();
    db.exec('BEGIN IMMEDIATE');
    insert.run(index + 1, `id-${index}`, index, data, now, now);
    db.exec('COMMIT');
    times.push(performance.now() - start);
  });
  db.close();
  return times.slice(WARM_UP);
}
