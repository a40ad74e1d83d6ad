import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { amount } from '../../core/amount.ts';
import type { DepthChanged, Level, MarketEvent } from '../../market/market-event.ts';

type RawLevel = readonly [string, string];

interface RawFrame {
  readonly stream?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly lastUpdateId?: number;
  readonly bids?: readonly RawLevel[];
  readonly asks?: readonly RawLevel[];
}

/**
 * Recorded combined streams of one symbol, a line `<receive clock in ns> <json>`, with one REST snapshot among them.
 * Yields the snapshot first, and then what came after it; `bookTicker` says nothing that depth does not.
 */
export function* readRecording(files: readonly string[]): Generator<MarketEvent> {
  let bookId: number | undefined;
  let lastTime = 0;
  for (const frame of framesOf(files)) {
    const { data } = frame;
    if (frame.lastUpdateId !== undefined) {
      if (bookId !== undefined) throw new Error('A recording has one snapshot');
      bookId = frame.lastUpdateId;
      const [bids, asks] = [levels(frame.bids), levels(frame.asks)];
      yield { kind: 'snapshot', at: lastTime, lastId: bookId, bids, asks };
    } else if (data !== undefined) {
      lastTime = Math.max(lastTime, Number(data.E ?? 0));
      if (bookId === undefined) continue;
      if (data.e === 'trade') yield tradeOf(data);
      if (data.e !== 'depthUpdate' || Number(data.u) <= bookId) continue;
      const change = changeOf(data, bookId);
      bookId = change.lastId;
      yield change;
    }
  }
}

function* framesOf(files: readonly string[]): Generator<RawFrame> {
  for (const file of files) {
    const bytes = readFileSync(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start);
      const line = text.slice(start, end < 0 ? text.length : end);
      start = end < 0 ? text.length : end + 1;
      if (line !== '') yield JSON.parse(line.slice(line.indexOf(' ') + 1)) as RawFrame;
    }
  }
}

function tradeOf(data: Readonly<Record<string, unknown>>): MarketEvent {
  return {
    kind: 'trade',
    at: Number(data.T),
    id: Number(data.t),
    price: amount(String(data.p)),
    quantity: amount(String(data.q)),
    isBuyerMaker: data.m === true,
  };
}

/** The first change after a snapshot may begin before it: of it counts what comes after. */
function changeOf(data: Readonly<Record<string, unknown>>, bookId: number): DepthChanged {
  const firstId = Math.max(Number(data.U), bookId + 1);
  return {
    kind: 'depth',
    at: Number(data.E),
    previousId: firstId - 1,
    firstId,
    lastId: Number(data.u),
    bids: levels(data.b as readonly RawLevel[]),
    asks: levels(data.a as readonly RawLevel[]),
  };
}

function levels(raw: readonly RawLevel[] = []): Level[] {
  return raw.map(([price, quantity]) => [amount(price), amount(quantity)]);
}
