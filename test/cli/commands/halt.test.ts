import { describe, expect, it } from 'vitest';
import { haltsText } from '../../../src/cli/commands/status.ts';
import { haltLines } from '../../../src/cli/terminal/halt-lines.ts';
import { givenTape, linesOf } from '../given-tape.ts';

const tape = givenTape();
const REASON = ['--reason', 'to see that it works'];

const PLACE = { account: 'paper', strategy: 'turns', venue: 'coinbase', symbol: 'BTC-USD', quantity: '0.5', order: 'x' };

describe('what became of a halt, for people', () => {
  const nothing = { canceled: 0, closed: [], waiting: [], refused: [], left: [] };

  it('says that there was nothing to do', () => {
    expect(haltLines(nothing)).toEqual(['  nothing was open and nothing was held']);
  });

  it('says what was done, what waits, what does not, and why', () => {
    const lines = haltLines({
      canceled: 2,
      closed: [{ ...PLACE, price: '60000.5' }],
      waiting: [
        { ...PLACE, isEnded: true },
        { ...PLACE, venue: 'binance', isEnded: false },
        { ...PLACE, venue: 'binance', isEnded: false },
      ],
      refused: [
        { ...PLACE, reason: 'feed-not-ended', value: 'live' },
        { ...PLACE, reason: 'insufficient-funds', value: null },
      ],
      left: [PLACE],
    });
    expect(lines).toEqual([
      '  2 open orders cancelled',
      '  closed 0.5 coinbase.BTC-USD of turns in paper at 60,000.50',
      '  1 closing order waits: coinbase BTC-USD has ended, so nothing will fill it: flatten --at-last-price closes it at the last price',
      '  2 closing orders wait for the next price of binance BTC-USD',
      '  0.5 coinbase.BTC-USD of turns in paper stays open: coinbase BTC-USD has not ended (live): flatten without --at-last-price closes it at the market',
      '  0.5 coinbase.BTC-USD of turns in paper stays open: insufficient-funds',
      '  0.5 coinbase.BTC-USD of turns in paper stays open: below the smallest order, not there to be sold, or for the next events to close',
    ]);
  });
});

it('The halts of an account are shown by scope and mode, with their reasons', () => {
  const halt = { mode: 'reduce-only', reason: 'drill', requestId: 'x', since: '2024-08-08T10:00:00.000Z' } as const;
  const scopes = [{ all: true }, { account: 'paper' }, { strategy: 'turns' }] as const;
  expect(haltsText(scopes.map((scope) => ({ ...halt, scope })))).toBe(
    'everything reduce-only: drill; account paper reduce-only: drill; strategy turns reduce-only: drill',
  );
  expect(haltsText([])).toBe('no');
});

describe('stop and go at the command line', () => {
  it('is recorded when no engine runs, and says so; the next engine takes it in', async () => {
    const folder = tape.copy();
    const [halted] = linesOf(await tape.run(['halt', '--all', '--mode', 'stop', ...REASON], folder));
    expect(halted).toMatchObject({ decided: false });
    const [request] = linesOf(await tape.run(['events', '--stream', `request-${halted.request}`], folder));
    expect(request.data).toEqual({
      scope: { all: true },
      mode: 'stop',
      cancelOpen: false,
      flatten: false,
      atLastPrice: false,
      reason: REASON[1],
    });
    await tape.system(folder);
    const [status] = linesOf(await tape.run(['status'], folder));
    expect(status.accounts.map(({ halts }: { halts: { mode: string }[] }) => halts.map(({ mode }) => mode))).toEqual([
      ['stop'],
      ['stop'],
    ]);
    expect(linesOf(await tape.run(['resume', '--all', ...REASON], folder))).toMatchObject([{ decided: true }]);
  });

  it('flatten halts so that a strategy can only reduce, and orders the close of what it holds', async () => {
    const folder = tape.copy();
    await tape.system(folder);
    const [{ quantity }] = linesOf(await tape.run(['positions', '--strategy', 'quick-cross'], folder));
    const [flattened] = linesOf(await tape.run(['flatten', '--strategy', 'quick-cross', ...REASON], folder));
    expect(flattened).toMatchObject({ decided: true });
    const [request] = linesOf(await tape.run(['events', '--stream', `request-${flattened.request}`], folder));
    expect(request.data).toMatchObject({ mode: 'reduce-only', cancelOpen: true, flatten: true });
    const orders = linesOf(await tape.run(['events', '--correlation', flattened.request, '--category', 'order'], folder));
    expect(orders[0].data).toMatchObject({
      side: 'sell',
      quantity,
      reducing: true,
      origin: { kind: 'halt', id: flattened.request },
    });
  });

  it('flatten says what waits because a recording has ended, cancel-all what stays open, and --at-last-price closes it', async () => {
    const folder = tape.copy();
    await tape.system(folder);
    const [{ quantity, price }] = linesOf(await tape.run(['positions', '--strategy', 'quick-cross'], folder));
    const flatten = ['flatten', '--strategy', 'quick-cross', ...REASON];
    const [waits] = linesOf(await tape.run(flatten, folder));
    expect(waits).toMatchObject({ canceled: 0, closed: [], refused: [], left: [] });
    expect(waits.waiting).toMatchObject([{ strategy: 'quick-cross', symbol: 'BTCUSDT', quantity, isEnded: true }]);
    const [cancelled] = linesOf(await tape.run(['cancel-all', '--strategy', 'quick-cross', ...REASON], folder));
    expect(cancelled.cancels).toMatchObject([{ order: waits.waiting[0].order, closes: 'quick-cross' }]);
    linesOf(await tape.run(flatten, folder));
    const [closed] = linesOf(await tape.run([...flatten, '--at-last-price'], folder));
    expect(closed).toMatchObject({ canceled: 1, waiting: [], refused: [], left: [] });
    expect(closed.closed).toMatchObject([{ strategy: 'quick-cross', quantity, price }]);
    expect(linesOf(await tape.run(['positions', '--strategy', 'quick-cross'], folder))).toEqual([]);
    const [idle] = linesOf(await tape.run(flatten, folder));
    expect(idle).toMatchObject({ canceled: 0, closed: [], waiting: [], refused: [], left: [] });
  });

  it.each([
    [['halt', ...REASON], /one of --all, --account ID and --strategy NAME/],
    [['flatten', '--all', '--account', 'paper-binance', ...REASON], /one of --all, --account ID and --strategy NAME/],
    [['cancel-all', '--account', 'nobody', ...REASON], /there is no account "nobody", but paper-coinbase, paper-binance/],
    [['resume', '--strategy', 'none', ...REASON], /there is no strategy "none", but golden-cross, quick-cross/],
    [['halt', '--all', '--reason', ' '], /must say why, in one line/],
    [['resume', '--all', '--reason', '\u001b[2J'], /must say why, in one line/],
    [['flatten', '--all'], /required option '--reason <text>' not specified/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await tape.run(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
