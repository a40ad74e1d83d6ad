import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MarketEvent } from '../../../exchange-simulator/market/market-event.ts';
import { checksum } from '../../../exchange-simulator/venues/okx/connections/checksum.ts';
import { pushesOf, readRecording } from '../../../exchange-simulator/venues/okx/recording.ts';
import { SNAPSHOT, START } from '../given.ts';
import { BTC, OkxClient, OkxGiven, SWAP } from './given.ts';

const RECORDING = join(import.meta.dirname, '../../../exchange-simulator/venues/okx/data/okx_public_20220513.ws.gz');

function following(given: OkxGiven): OkxClient {
  const client = new OkxClient(given, 'public');
  client.subscribe({ channel: 'books', instId: BTC });
  return client;
}

const ids = (client: OkxClient): unknown[] => client.data('books').map(({ prevSeqId, seqId }) => [prevSeqId, seqId]);

describe('checksums', () => {
  const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, '../venue-data/okx_checksum_vectors.json'), 'utf8')) as {
    vectors: { bids: string[][]; asks: string[][]; checksum: number }[];
  };

  it.each(vectors)('are those that OKX prints: $checksum', (vector) => {
    expect(checksum(vector.bids, vector.asks)).toBe(vector.checksum);
  });

  it('of all 290 recorded books are those that OKX sent', () => {
    const books = new Map<string, { bids: Map<string, string>; asks: Map<string, string> }>();
    let checked = 0;
    for (const { arg, action, data } of pushesOf(RECORDING)) {
      if (arg.channel !== 'books') continue;
      const [item] = data as unknown as { bids: string[][]; asks: string[][]; checksum: number }[];
      const book = books.get(arg.instId) ?? { bids: new Map(), asks: new Map() };
      if (action === 'snapshot') books.set(arg.instId, book);
      for (const side of ['bids', 'asks'] as const) {
        for (const [price = '', size = ''] of item?.[side] ?? []) {
          if (size === '0') book[side].delete(price);
          else book[side].set(price, size);
        }
      }
      const sorted = (side: Map<string, string>, sign: number) => [...side].sort(([a], [b]) => sign * (Number(a) - Number(b)));
      expect(checksum(sorted(book.bids, -1), sorted(book.asks, 1))).toBe(item?.checksum);
      checked += 1;
    }
    expect(checked).toBe(290);
  });

  it('are 0 by now, and on demand those of the 25 best levels, or other ones', () => {
    const given = new OkxGiven();
    const client = following(given);
    given.faults.inject({ kind: 'checksums', as: 'right', forMs: 1000 });
    given.change([['100', '2']], []);
    given.faults.inject({ kind: 'checksums', as: 'wrong', forMs: 1000 });
    given.change([['100', '3']], []);
    const of = (bid: string) =>
      checksum(
        [
          ['100', bid],
          ['99', '1'],
          ['98', '1'],
        ],
        [
          ['101', '1'],
          ['102', '1'],
          ['103', '1'],
        ],
      );
    const sent = client.data('books').map((book) => book.checksum);
    expect(sent.slice(0, 2)).toEqual([0, of('2')]);
    expect(sent[2]).not.toBe(of('3'));
  });
});

describe('the books channel', () => {
  it('begins with a snapshot whose previous id is -1, and each update follows on the one before', () => {
    const given = new OkxGiven();
    const client = following(given);
    given.change([['100', '2']], [['101', '0']], 15);
    given.change([['99', '0']], [], 93);
    expect(client.pushes('books')).toMatchObject([
      {
        arg: { channel: 'books', instId: BTC },
        action: 'snapshot',
        data: [
          {
            bids: [
              ['100', '1', '0', '1'],
              ['99', '1', '0', '1'],
              ['98', '1', '0', '1'],
            ],
            prevSeqId: -1,
            seqId: 1000,
          },
        ],
      },
      {
        action: 'update',
        data: [{ bids: [['100', '2', '0', '1']], asks: [['101', '0', '0', '0']], prevSeqId: 1000, seqId: 1015 }],
      },
      { action: 'update', data: [{ bids: [['99', '0', '0', '0']], asks: [], prevSeqId: 1015, seqId: 1108 }] },
    ]);
  });

  it('has the same ids on every connection', () => {
    const given = new OkxGiven();
    const first = following(given);
    given.change([['100', '2']], []);
    const second = following(given);
    given.change([['100', '3']], []);
    expect(ids(first).slice(1)).toEqual([
      [1000, 1007],
      [1007, 1014],
    ]);
    expect(ids(second)).toEqual([
      [-1, 1007],
      [1007, 1014],
    ]);
  });

  it('gives no snapshot to who subscribes twice, and one to who leaves first', () => {
    const given = new OkxGiven();
    const client = following(given);
    client.subscribe({ channel: 'books', instId: BTC });
    expect([client.events(), ids(client).length]).toEqual([['subscribe', 'subscribe'], 1]);
    client.say({ op: 'unsubscribe', args: [{ channel: 'books', instId: BTC }] });
    given.change([['100', '2']], []);
    client.subscribe({ channel: 'books', instId: BTC });
    expect(ids(client)).toEqual([
      [-1, 1000],
      [-1, 1007],
    ]);
  });

  it('deletes levels that leave its 400, and sends them again when they come back', () => {
    const given = new OkxGiven();
    const deeper = Array.from({ length: 397 }, (_, index): [string, string] => [`${(97.9 - index / 10).toFixed(1)}`, '1']);
    given.change(deeper, []);
    const client = following(given);
    const last = deeper.at(-1)?.[0] ?? '';
    given.change([['100.5', '1']], []);
    given.change([['100.5', '0']], []);
    given.change([['50', '1']], []);
    given.change([['100', '4']], []);
    const bids = client.data('books').map((book) => (book.bids as string[][]).map(([price, size]) => [price, size]));
    expect(bids[0]).toHaveLength(400);
    expect(bids.slice(1)).toEqual([
      [
        [last, '0'],
        ['100.5', '1'],
      ],
      [
        ['100.5', '0'],
        [last, '1'],
      ],
      // A change below the 400 is none of this channel's, and its id is skipped.
      [['100', '4']],
    ]);
    expect(ids(client).at(-1)).toEqual([1021, 1035]);
  });

  it('says every minute without a change that it lives, with the same id twice', async () => {
    const later: MarketEvent = {
      ...SNAPSHOT,
      kind: 'depth',
      previousId: 1000,
      firstId: 1001,
      at: START + 90_000,
      lastId: 1007,
    } as never;
    const given = new OkxGiven(true, 1, [SNAPSHOT, later]);
    const client = following(given);
    for (let count = 0; count < 3; count += 1) {
      await given.clock.advance(20_000);
      client.say('ping');
    }
    given.running.stop();
    expect(client.data('books').slice(1)).toMatchObject([{ bids: [], asks: [], prevSeqId: 1000, seqId: 1000 }]);
    expect([client.isOpen, client.pongs]).toEqual([true, 3]);
  });

  it('goes on from a lower id after a reset that still links', () => {
    const given = new OkxGiven();
    const client = following(given);
    given.change([['100', '2']], []);
    given.faults.inject({ kind: 'reset-books', isEmpty: false });
    given.change([['100', '3']], []);
    expect(ids(client).slice(1)).toEqual([
      [1000, 1007],
      [1007, 1000],
      [1000, 1007],
    ]);
  });

  it('may come without a snapshot: then REST gives one that says how far it goes', async () => {
    const given = new OkxGiven();
    given.faults.inject({ kind: 'no-snapshot', times: 1 });
    const client = following(given);
    given.change([['100', '2']], []);
    const seed = async (source: string) => (await given.get('/api/v5/market/books', `instId=${BTC}&sz=400${source}`)).data[0];
    expect(await seed('')).not.toHaveProperty('seqId');
    expect(await seed('&source=0')).toMatchObject({
      seqId: 1007,
      bids: [
        ['100', '2', '0', '1'],
        ['99', '1', '0', '1'],
        ['98', '1', '0', '1'],
      ],
    });
    given.change([['100', '3']], []);
    expect(client.pushes('books').map(({ action }) => action)).toEqual(['update', 'update']);
    expect(ids(client).at(-1)).toEqual([1007, 1014]);
  });
});

describe('the recording', () => {
  it('begins with its snapshot, and its trades follow on each other', () => {
    const events = [...readRecording(RECORDING, BTC)];
    expect(events[0]).toMatchObject({ kind: 'snapshot', lastId: 1_000_000 });
    const depths = events.flatMap((event) => (event.kind === 'depth' ? [event] : []));
    expect(depths).toHaveLength(97);
    const steps = depths.map(({ previousId, lastId }) => lastId - previousId);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(7);
    expect(Math.max(...steps)).toBeLessThanOrEqual(93);
  });
});

describe('trades', () => {
  it('are joined on the public address, with their number and the last id, and single on the business address', () => {
    const given = new OkxGiven();
    const [joined, single] = [new OkxClient(given, 'public'), new OkxClient(given, 'business')];
    joined.subscribe({ channel: 'trades', instId: BTC });
    single.subscribe({ channel: 'trades-all', instId: BTC });
    given.trade('101', '0.5', false);
    given.trade('101', '0.25', false);
    given.trade('102', '1', false);
    given.change([['100', '2']], []);
    expect(joined.data('trades')).toMatchObject([
      { tradeId: '2', px: '101', sz: '0.75', side: 'buy', count: '2', seqId: 1000 },
      { tradeId: '3', px: '102', sz: '1', side: 'buy', count: '1' },
    ]);
    const all = single.data('trades-all');
    expect(all.map(({ tradeId, sz }) => [tradeId, sz])).toEqual([
      ['1', '0.5'],
      ['2', '0.25'],
      ['3', '1'],
    ]);
    expect(all[0]).not.toHaveProperty('count');
    expect(all[0]).not.toHaveProperty('seqId');
  });
});

describe('what is sent every second', () => {
  it('are tickers, mark and index prices, funding rates and candles, closed ones first', async () => {
    const given = new OkxGiven(true);
    const [open, business] = [new OkxClient(given, 'public'), new OkxClient(given, 'business')];
    open.subscribe(
      { channel: 'tickers', instId: BTC },
      { channel: 'mark-price', instId: SWAP },
      { channel: 'index-tickers', instId: BTC },
      { channel: 'funding-rate', instId: SWAP },
      { channel: 'bbo-tbt', instId: BTC },
      { channel: 'books5', instId: BTC },
    );
    business.subscribe({ channel: 'candle1m', instId: BTC }, { channel: 'candle1D', instId: SWAP });
    await given.clock.advance(61_000);
    given.running.stop();
    expect(open.data('tickers').length).toBeGreaterThan(50);
    expect(open.data('mark-price').at(-1)).toMatchObject({ instType: 'SWAP', instId: SWAP });
    expect(open.data('index-tickers').at(-1)).toMatchObject({ instId: BTC });
    expect(open.data('funding-rate')).toMatchObject([{ fundingTime: String(given.clock.now() + 8 * 3600_000 - 61_000) }, {}]);
    expect(open.data('books5').at(-1)).toHaveProperty('seqId');
    expect(open.data('bbo-tbt').length).toBeGreaterThan(500);
    const rows = business.data('candle1m') as unknown as string[][];
    const closed = rows.filter((row) => row[8] === '1');
    expect(closed).toHaveLength(1);
    expect(rows.at(-1)?.[0]).toBe(String(Number(closed[0]?.[0]) + 60_000));
    // The day begins at 16:00 UTC.
    const [daily] = business.data('candle1D') as unknown as string[][];
    expect(new Date(Number(daily?.[0])).toISOString()).toBe('2026-01-04T16:00:00.000Z');
  });
});
