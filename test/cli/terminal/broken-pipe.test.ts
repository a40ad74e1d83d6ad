import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { DAY, run } from '../../contracts/tape-events.ts';
import { endChildrenAfterwards, ROOT, startTapedeck } from '../../support/child.ts';
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

describe('A command whose output cannot be written', () => {
  it('says that the disk is full, and not that it has a bug', async () => {
    const { code, stderr } = await startShell('exec "$0" src/main.ts completion bash > /dev/full');
    expect(code).toBe(2);
    expect(stderr).toBe(
      'tapedeck: a disk is full: make room there, then do this again (ENOSPC: no space left on device, write)\n',
    );
  });

  it('ends where nothing can be said either', async () => {
    expect((await startShell('exec "$0" src/main.ts completion bash > /dev/full 2>&1')).code).toBe(2);
    expect((await startShell('exec "$0" src/main.ts halt --nothing 2> /dev/full')).code).toBe(2);
  });
});

async function startShell(script: string): Promise<{ code: number | null; stderr: string }> {
  const shell = spawn('sh', ['-c', script, process.execPath], { cwd: ROOT });
  let stderr = '';
  shell.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(shell, 'close');
  return { code, stderr };
}
