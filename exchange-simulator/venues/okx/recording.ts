import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { amount } from '../../core/amount.ts';
import { Random } from '../../core/random.ts';
import type { Level, MarketEvent } from '../../market/market-event.ts';

type RawLevel = readonly string[];

/** One push of a public channel as it was recorded. */
export interface RecordedPush {
  readonly arg: { readonly channel: string; readonly instId: string };
  readonly action?: 'snapshot' | 'update';
  readonly data: readonly Readonly<Record<string, unknown>>[];
}

/** Recordings of 2022 have no sequence ids: they are made up as OKX's are today, from 7 to 93 apart. */
const FIRST_ID = 1_000_000;
const [LEAST_STEP, MOST_STEP] = [7, 93];

/**
 * The book and the trades of one instrument out of a recorded public connection. Yields the snapshot first; trades
 * that are older than it are left out. Throws an Error where trade ids are missing: such a recording is no truth to play.
 */
export function* readRecording(file: string, instId: string): Generator<MarketEvent> {
  const random = new Random(FIRST_ID);
  let lastId = 0;
  let [startedAt, lastTrade] = [Number.POSITIVE_INFINITY, 0];
  for (const { arg, action, data } of pushesOf(file)) {
    if (arg.instId !== instId) continue;
    for (const item of data) {
      const at = Number(item.ts);
      if (arg.channel === 'trades' && at >= startedAt) {
        const id = Number(item.tradeId);
        if (lastTrade !== 0 && id !== lastTrade + 1) throw new Error(`The recording lacks the trades from ${lastTrade + 1}`);
        lastTrade = id;
        yield {
          kind: 'trade',
          at,
          id,
          price: amount(String(item.px)),
          quantity: amount(String(item.sz)),
          isBuyerMaker: item.side === 'sell',
        };
      }
      if (arg.channel !== 'books') continue;
      const [bids, asks] = [levels(item.bids as RawLevel[]), levels(item.asks as RawLevel[])];
      if (action === 'snapshot') {
        lastId = FIRST_ID;
        startedAt = at;
        yield { kind: 'snapshot', at, lastId, bids, asks };
      } else {
        const previousId = lastId;
        lastId += random.between(LEAST_STEP, MOST_STEP);
        yield { kind: 'depth', at, previousId, firstId: previousId + 1, lastId, bids, asks };
      }
    }
  }
}

/** All pushes of a recording, in order. Lines that are no push (acknowledgements, what the client sent) are left out. */
export function* pushesOf(file: string): Generator<RecordedPush> {
  for (const line of gunzipSync(readFileSync(file)).toString('utf8').split('\n')) {
    const start = line.indexOf(': {');
    if (start < 0 || line.startsWith('wss:')) continue;
    const push = JSON.parse(line.slice(start + 2)) as Partial<RecordedPush>;
    if (push.arg !== undefined && push.data !== undefined) yield push as RecordedPush;
  }
}

function levels(raw: readonly RawLevel[]): Level[] {
  return raw.map(([price = '', quantity = '']) => [amount(price), amount(quantity)]);
}
