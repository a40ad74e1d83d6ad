import { describe, expect, it } from 'vitest';
import { givenTape, linesOf } from '../given-tape.ts';

const tape = givenTape();
const REASON = ['--reason', 'to see that it works'];

describe('stop and go at the command line', () => {
  it('is recorded when no engine runs, and says so; the next engine takes it in', async () => {
    const folder = tape.copy();
    const [halted] = linesOf(await tape.run(['halt', '--all', '--mode', 'stop', ...REASON], folder));
    expect(halted).toMatchObject({ decided: false });
    const [request] = linesOf(await tape.run(['events', '--stream', `request-${halted.request}`], folder));
    expect(request.data).toEqual({ scope: { all: true }, mode: 'stop', cancelOpen: false, flatten: false, reason: REASON[1] });
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

  it.each([
    [['halt', ...REASON], /one of --all, --account ID and --strategy NAME/],
    [['flatten', '--all', '--account', 'paper-binance', ...REASON], /one of --all, --account ID and --strategy NAME/],
    [['cancel-all', '--account', 'nobody', ...REASON], /there is no account "nobody", but paper-coinbase, paper-binance/],
    [['resume', '--strategy', 'none', ...REASON], /there is no strategy "none", but golden-cross, quick-cross/],
    [['flatten', '--all'], /required option '--reason <text>' not specified/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await tape.run(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
