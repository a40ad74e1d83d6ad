import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { DAY, run } from '../../contracts/tape-events.ts';
import { endChildrenAfterwards, startTapedeck } from '../../support/child.ts';
import { timeAt } from '../../support/test-time.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
endChildrenAfterwards();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('A command whose reader has read enough', () => {
  it('ends without a word', async () => {
    const tape = await openSqliteEventStore(join(folder, 'tape.sqlite'), timeAt(DAY));
    // More than a pipe holds, so that the command still has something to write.
    await tape.append('feed-binance.BTCUSDT', 'no-stream', run('feed-binance.BTCUSDT', 0, 499));
    await tape.close();
    const events = startTapedeck(['events'], { TAPEDECK_DATA: folder });
    await new Promise((resolve) => {
      events.process.stdout.once('data', resolve);
    });
    events.process.stdout.destroy();
    expect(await events.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
