import { beforeAll, describe, expect, it } from 'vitest';
import { orderLines } from '../../../src/cli/commands/orders.ts';
import { COLOURED, PLAIN } from '../../../src/cli/terminal/palette.ts';
import { givenTape, linesOf } from '../given-tape.ts';

const tape = givenTape();

/** Rests far below the market, so that it stays open. */
const RESTING = { venue: 'binance', symbol: 'BTCUSDT', side: 'buy', type: 'limit', quantity: '0.01', price: '1000' };

async function place(address: string, key: string): Promise<{ id: string; status: string }> {
  const answered = await fetch(`${address}/v1/orders?wait=decided`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ account: 'paper-binance', ...RESTING }),
  });
  return (await answered.json()) as { id: string; status: string };
}

/** Places two orders that rest in a session that is played; returns their ids, the newest first. */
async function placeResting(address: string): Promise<string[]> {
  const ids: string[] = [];
  // The first are denied: nothing has a price yet.
  for (let attempt = 0; attempt < 200 && ids.length < 2; attempt++) {
    const { id, status } = await place(address, `key-${attempt}`);
    if (status === 'denied') await new Promise((resolve) => setTimeout(resolve, 50));
    else ids.unshift(id);
  }
  return ids;
}

describe('tapedeck orders', () => {
  it('lists the latest, newest first, an order a line', async () => {
    const all = linesOf(await tape.run(['orders', '--limit', '1000']));
    expect(all.length).toBeGreaterThan(10);
    expect(linesOf(await tape.run(['orders', '--limit', '3']))).toEqual(all.slice(0, 3));
    expect(all[0]).not.toHaveProperty('history');
    for (const hidden of ['sequence', 'reached', 'cancelPending', 'closedAs', '_position'])
      expect(all[0]).not.toHaveProperty(hidden);
    const approved = linesOf(await tape.run(['events', '--type', 'OrderApproved', '--limit', '1000']));
    const denied = linesOf(await tape.run(['events', '--type', 'OrderDenied', '--limit', '1000']));
    // By time, and orders of one time by their places on the tape.
    const oldestFirst = [...approved, ...denied]
      .sort((a, b) => a.metadata.occurredAt.localeCompare(b.metadata.occurredAt) || Number(a.position) - Number(b.position))
      .map(({ data }) => data.orderId);
    expect(all.map(({ id }) => id)).toEqual(oldestFirst.reverse());
  });

  it('lists only what is asked for', async () => {
    const all = linesOf(await tape.run(['orders', '--limit', '1000']));
    const [first] = all;
    const filled = linesOf(
      await tape.run(['orders', '--status', 'filled', 'denied', '--account', first.account, '--limit', '1000']),
    );
    expect(filled).toEqual(
      all.filter(({ status, account }) => ['filled', 'denied'].includes(status) && account === first.account),
    );
    const later = linesOf(await tape.run(['orders', '--from', first.createdAt]));
    expect(later).toEqual(all.filter(({ createdAt }) => createdAt >= first.createdAt));
    expect(linesOf(await tape.run(['orders', '--strategy', 'nobody']))).toEqual([]);
  });

  it('shows one with its history', async () => {
    const [first] = linesOf(await tape.run(['orders', '--status', 'filled', '--limit', '1']));
    const [order] = linesOf(await tape.run(['orders', first.id]));
    expect(order).toMatchObject(first);
    expect(order.history.map(({ type }: { type: string }) => type)).toEqual(['OrderApproved', 'OrderAccepted', 'OrderFilled']);
  });

  it('could not, where there is none of that id, or no such state', async () => {
    const absent = await tape.run(['orders', '3f2504e0-4f89-51d3-9a0c-0305e82c3301']);
    expect([absent.code, absent.stderr]).toEqual([2, expect.stringContaining('there is no order "3f2504e0')]);
    const unknown = await tape.run(['orders', '--status', 'lost']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Allowed choices are denied, approved')]);
  });

  it('is a table for people, coloured on their terminal', async () => {
    const [order] = linesOf(await tape.run(['orders', '--status', 'filled', '--limit', '1']));
    const [head, row] = orderLines([order], PLAIN);
    expect(head).toMatch(
      /^created +account +strategy +venue +symbol +side +type +quantity +limit +filled +average +status +reason +id$/,
    );
    expect(row?.indexOf(order.id)).toBe(head?.lastIndexOf('id'));
    expect(orderLines([order], COLOURED)[1]).toContain('\x1b[32mfilled');
    expect(orderLines([{ ...order, status: 'denied', reason: 'drawdown' }], COLOURED)[1]).toContain('\x1b[31mdenied');
    expect(orderLines([], PLAIN)).toEqual(['no orders']);
  });
});

describe('with orders that rest', () => {
  let folder: string;
  let resting: string[];

  beforeAll(async () => {
    folder = tape.folder();
    const { system, address } = await tape.session(folder);
    resting = await placeResting(address);
    system.process.kill('SIGTERM');
    await system.ended;
  });

  const openIds = async (): Promise<string[]> => linesOf(await tape.run(['orders', '--open'], folder)).map(({ id }) => id);

  it('tapedeck cancel-all asks to cancel each, also when no engine runs, and the next one that does cancels them', async () => {
    expect(await openIds()).toEqual(resting);
    const elsewhere = await tape.run(['cancel-all', '--account', 'paper-coinbase', '--reason', 'tidying'], folder);
    expect(linesOf(elsewhere)).toEqual([{ cancels: [], decided: null }]);
    const [asked] = linesOf(await tape.run(['cancel-all', '--strategy', 'manual', '--reason', 'tidying'], folder));
    expect(asked).toMatchObject({ decided: false });
    expect(asked.cancels.map(({ order }: { order: string }) => order)).toEqual(resting);
    const [request] = linesOf(await tape.run(['events', '--stream', `request-${asked.cancels[0].request}`], folder));
    expect(request).toMatchObject({
      type: 'OrderCancelRequested',
      position: asked.cancels[0].position,
      data: { orderId: resting[0], account: 'paper-binance', reason: 'tidying' },
      metadata: { actor: 'cli:carol' },
    });
    const system = await tape.system(folder);
    expect(await openIds()).toEqual([]);
    expect(linesOf(await tape.run(['orders', resting[0] ?? ''], folder))).toMatchObject([{ status: 'canceled' }]);
    const [none] = linesOf(await tape.run(['cancel-all', '--all', '--reason', 'tidying'], folder));
    expect(none).toEqual({ cancels: [], decided: null });
    system.process.kill('SIGTERM');
    await system.ended;
  });
});
