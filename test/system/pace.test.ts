/** A recorded session played as if it were live, by the program itself: prices move, and people trade against them. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addressOf, type Child, endChildrenAfterwards, startTapedeck, tapedeck } from '../support/child.ts';
import { factsIn } from '../support/facts.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
/** From an account's now to the time that its orders name as `sendBy`. */
const SEND_WINDOW_MS = 5_000;
let folders = 0;

/** A candle history, and a session of just under six minutes, which has a pace of its own if one is given. */
function givenRun(pace?: string): { folder: string; run: (...args: string[]) => Child } {
  const folder = join(temporary.path, `pace-${++folders}`);
  mkdirSync(folder);
  const file = writeRecordedHeads(folder, 300, 41_000);
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  settings.feeds[1].pace = pace;
  writeFileSync(file, JSON.stringify(settings));
  const env = { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: file, PORT: '0' };
  return { folder, run: (...args) => startTapedeck(['run', '--json', ...args], env) };
}

async function stop(child: Child): Promise<void> {
  child.process.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
}

// biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
async function json(answer: Response): Promise<any> {
  return { status: answer.status, ...((await answer.json()) as object) };
}

let keys = 0;
function buy(address: string, wait: 'decided' | 'closed') {
  const order = { account: 'paper-binance', venue: 'binance', symbol: 'BTCUSDT', side: 'buy', type: 'market', quantity: '0.001' };
  return fetch(`${address}/v1/orders?wait=${wait}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `order-${++keys}` },
    body: JSON.stringify(order),
  }).then(json);
}

describe('a session that is played', () => {
  it('moves prices, fills orders from its next sample, and denies them when it has ended', { timeout: 60_000 }, async () => {
    const { run } = givenRun();
    const child = run('--pace', '100');
    const address = await addressOf(child);
    await child.saw('"feed":"coinbase BTC-USD 4h"');
    const price = (position: string) => fetch(`${address}/v1/prices/binance/BTCUSDT?min-position=${position}`).then(json);

    await expect.poll(async () => (await price('0')).feed?.state, { timeout: 10_000 }).toBe('live');
    const order = await buy(address, 'closed');
    expect(order).toMatchObject({ status: 'filled', symbol: 'BTCUSDT' });
    const dataOf = (type: string) => order.history.find((step: { type: string }) => step.type === type).data;
    const decided = Date.parse(dataOf('OrderApproved').sendBy) - SEND_WINDOW_MS;
    // Not at the quote that the person saw, but at the next sample after the way to the venue.
    expect(Date.parse(dataOf('OrderFilled').at) - decided).toBeGreaterThanOrEqual(100);

    const before = await price('0');
    expect(before.feed).toMatchObject({ state: 'live' });
    await expect.poll(async () => (await price('0')).quoteAt, { timeout: 10_000 }).not.toBe(before.quoteAt);

    await child.saw('"msg":"summary"');
    expect((await price('0')).feed).toMatchObject({ state: 'stale', reason: 'ended' });
    const late = await buy(address, 'decided');
    expect(late).toMatchObject({ status: 'denied', history: [{ data: { reason: 'market-data', value: 'ended' } }] });
    await stop(child);
  });

  it('leaves the tape that it leaves at once, even when it was cut off on the way', { timeout: 60_000 }, async () => {
    const [atOnce, played] = [givenRun('0.01'), givenRun('0.01')];
    // What is said at the start goes before what the settings say.
    const whole = atOnce.run('--pace', 'max');
    await whole.saw('"msg":"summary"');
    await stop(whole);
    const cutOff = played.run('--pace', '200');
    await cutOff.saw('"feed":"coinbase BTC-USD 4h"');
    await new Promise((resolve) => setTimeout(resolve, 500));
    cutOff.process.kill('SIGKILL');
    await cutOff.ended;
    const begun = (await factsIn(played.folder, () => true))['feed-binance.BTCUSDT'];
    expect(begun).toHaveLength(1);
    const again = played.run('--pace', '500');
    await again.saw('"msg":"summary"');
    await stop(again);
    expect(await factsIn(played.folder, () => true)).toEqual(await factsIn(atOnce.folder, () => true));
  });

  it('has the pace that the settings give its feed', { timeout: 60_000 }, async () => {
    const { folder, run } = givenRun('100');
    const child = run();
    await child.saw('"feed":"coinbase BTC-USD 4h"');
    const begun = performance.now();
    await child.saw('"msg":"summary"');
    // Just under six minutes, a hundred times as fast; that the candles are there may be seen some time later.
    expect(performance.now() - begun).toBeGreaterThan(3_000);
    await stop(child);
    expect((await factsIn(folder, () => true))['feed-binance.BTCUSDT']).toHaveLength(2);
  });

  it.each(['0', '-1', 'fast', '1e3'])('is not played at the pace "%s"', async (pace) => {
    const { code, stderr } = await tapedeck(['run', '--pace', pace]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/"max" or a multiple of real time/);
  });
});
