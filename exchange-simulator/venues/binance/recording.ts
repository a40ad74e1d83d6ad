import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { amount } from '../../core/amount.ts';
import type { DepthChanged, Level, MarketEvent } from '../../market/market-event.ts';

type RawLevel = readonly [string, string];

type Data = Readonly<Record<string, unknown>>;

interface RawFrame {
  readonly stream?: string;
  readonly data?: Data;
  readonly lastUpdateId?: number;
  readonly bids?: readonly RawLevel[];
  readonly asks?: readonly RawLevel[];
}

/**
 * Recorded combined streams of one symbol, a line `<receive clock in ns> <json>`, with one REST snapshot among them.
 * Yields the snapshot first, and then what came after it; `bookTicker` says nothing that depth does not. Throws an
 * Error where changes of the book are missing: such a recording is no truth to play. Spot counts each change of a book,
 * so that ids follow on each other; futures count those of all books, and name the last id of the update before (`pu`).
 */
export function* readRecording(files: readonly string[]): Generator<MarketEvent> {
  let bookId: number | undefined;
  let lastTime = 0;
  // A snapshot is older than changes that came before it on the stream.
  const early: Data[] = [];
  for (const frame of framesOf(files)) {
    const { data } = frame;
    if (frame.lastUpdateId !== undefined) {
      if (bookId !== undefined) throw new Error('A recording has one snapshot');
      bookId = frame.lastUpdateId;
      const [bids, asks] = [levels(frame.bids), levels(frame.asks)];
      yield { kind: 'snapshot', at: lastTime, lastId: bookId, bids, asks };
    } else if (data !== undefined) {
      lastTime = Math.max(lastTime, Number(data.E ?? 0));
      if (data.e === 'trade' && bookId !== undefined) yield tradeOf(data);
      if (data.e === 'depthUpdate') early.push(data);
    }
    if (bookId === undefined) continue;
    for (const change of early.splice(0)) {
      if (Number(change.u) <= bookId) continue;
      yield changeOf(change, bookId);
      bookId = Number(change.u);
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

function tradeOf(data: Data): MarketEvent {
  return {
    kind: 'trade',
    at: Number(data.T),
    id: Number(data.t),
    price: amount(String(data.p)),
    quantity: amount(String(data.q)),
    isBuyerMaker: data.m === true,
  };
}

/** The first change after a snapshot may begin before it: its levels are absolute, and its ids begin after it. */
function changeOf(data: Data, bookId: number): DepthChanged {
  const lastBefore = data.pu === undefined ? Number(data.U) - 1 : Number(data.pu);
  if (lastBefore > bookId) throw new Error(`The recording lacks the changes ${bookId + 1} to ${lastBefore} of the book`);
  return {
    kind: 'depth',
    at: Number(data.E),
    previousId: bookId,
    firstId: Math.max(Number(data.U), bookId + 1),
    lastId: Number(data.u),
    bids: levels(data.b as readonly RawLevel[]),
    asks: levels(data.a as readonly RawLevel[]),
  };
}

function levels(raw: readonly RawLevel[] = []): Level[] {
  return raw.map(([price, quantity]) => [amount(price), amount(quantity)]);
}
