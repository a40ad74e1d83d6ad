import { describe, expect, it } from 'vitest';
import { startTapedeck } from '../../support/child.ts';
import { givenTape, linesOf } from '../given-tape.ts';

const tape = givenTape();

describe('tapedeck events', () => {
  it('finds one by the beginning of its id, and all that followed from it', async () => {
    const [signal] = linesOf(await tape.run(['events', '--type', 'SignalGenerated', '--limit', '1']));
    const { id, metadata } = signal;
    expect(linesOf(await tape.run(['events', id.slice(0, 8)]))).toEqual([signal]);
    expect(linesOf(await tape.run(['events', id]))).toEqual([signal]);
    const followed = linesOf(await tape.run(['events', '--correlation', metadata.correlationId]));
    expect(followed.length).toBeGreaterThan(1);
    expect(linesOf(await tape.run(['events', '--correlation', metadata.correlationId.slice(0, 8)]))).toEqual(followed);
  });

  it('could not, where the beginning is of none or of several', async () => {
    const none = await tape.run(['events', '00000000-0000-5000-8000-000000000000']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('there is no event "00000000')]);
    const unknown = await tape.run(['events', '--correlation', 'ffffffffffff']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no event "ffffffffffff"')]);
    // More events than there are beginnings of three digits, and so several with one of four.
    const ids = linesOf(await tape.run(['events', '--limit', '100000'])).map((event) => event.id.slice(0, 4));
    const twice = ids.find((beginning, index) => ids.indexOf(beginning) !== index);
    expect(twice).toBeDefined();
    const several = await tape.run(['events', twice]);
    expect([several.code, several.stderr]).toEqual([
      2,
      expect.stringContaining(`several events begin with "${twice}": ${twice}`),
    ]);
  });

  it('follows the tape from now on, up to a limit or until it is interrupted', { timeout: 60_000 }, async () => {
    const folder = tape.copy();
    const environment = { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: tape.settingsFile, USER: 'carol' };
    const following = startTapedeck(['events', '--follow', '--category', 'request', '--json', '--limit', '2'], environment);
    const all = startTapedeck(['events', '--follow', '--json'], environment);
    let halts = 0;
    const halt = () => tape.run(['halt', '--all', '--reason', `halt ${halts++}`], folder);
    // When they have begun to look nobody knows.
    while (all.output() === '' || following.process.exitCode === null) await halt();
    const reasons = linesOf(await following.ended).map(({ data }) => data.reason);
    const first = Number(reasons[0].slice('halt '.length));
    expect(reasons).toEqual([`halt ${first}`, `halt ${first + 1}`]);
    await halt();
    await all.saw(`"halt ${halts - 1}"`);
    all.process.kill('SIGINT');
    expect(await all.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
