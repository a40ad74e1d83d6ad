import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { binance } from '../../../../src/adapters/venues/binance/binance.ts';
import { formatUnits } from '../../../../src/domain/decimal.ts';
import { OrderBook } from '../../../../src/domain/feed/book/order-book.ts';
import { Tally } from '../../../../src/domain/feed/tally.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const lines = gunzipSync(readFileSync('data/spot_nknusdt_20211012.jsonl.gz')).toString('utf8').trimEnd().split('\n');
const NKNUSDT: InstrumentSettings = { ...BTCUSDT, symbol: 'NKNUSDT', base: 'NKN', priceScale: 5, tickSize: '0.00001' };

it('A session of 2021 with a snapshot from REST makes the recorded best prices, and no frame of it is refused', () => {
  const frames = lines.map((line) => JSON.parse(line.slice(20)));
  const quotes = new Map(
    frames.filter(({ stream }) => stream === 'nknusdt@bookTicker').map(({ data }) => [data.u, [data.b, data.a]]),
  );
  const reader = binance.open(NKNUSDT);
  const tally = new Tally();
  const book = new OrderBook(tally, 1);
  const compared: number[] = [];
  for (const message of lines.flatMap((line) => reader.parse(line))) {
    if (message.kind === 'snapshot') book.applySnapshot(message);
    if (message.kind !== 'depth') continue;
    book.apply(message);
    const quote = quotes.get(book.updateId);
    if (quote === undefined) continue;
    compared.push(book.updateId);
    expect([book.bids.best, book.asks.best].map((price) => Number(formatUnits(price ?? 0, 5)))).toEqual(quote.map(Number));
  }
  const depths = frames.filter(({ stream }) => stream === 'nknusdt@depth@100ms').map(({ data }) => data.u);
  expect(compared).toEqual(depths.filter((id) => quotes.has(id)));
  expect([compared.length, depths.length]).toEqual([19, 150]);
  expect(book).toMatchObject({ state: 'valid', updateId: depths.at(-1) });
  expect([...tally.entries]).toEqual([]);
});
