/** Law 4 on a tape in EventStoreDB: SIGKILL of the system and of the server in mid work, groups in flight, leave what one run leaves. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Child, endChildrenAfterwards, startNode } from '../support/child.ts';
import { type Contents, differencesOf, digestsOf } from '../support/digests.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { counts } from '../support/scale.ts';
import { seeded } from '../support/seeded.ts';
import { contentsOfRun, type RunStores, startRun } from '../support/system-run.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const SERVER = join(import.meta.dirname, '..', 'servers', 'event-store', 'main.ts');
const [CANDLES, FRAMES] = [400, 2_500];
const settings = writeRecordedHeads(temporary.path, CANDLES, FRAMES);
const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? 1);

async function wholeRun(stores: RunStores): Promise<Contents> {
  const child = startRun(stores);
  await child.saw('"msg":"summary"');
  await killed(child);
  return contentsOfRun(stores);
}

async function killed({ process, ended }: Child): Promise<void> {
  process.kill('SIGKILL');
  await ended;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

it(`the tape and the read models are those of one run (TAPEDECK_TEST_SEED=${SEED})`, {
  timeout: 120_000 + counts.killsAcrossNetwork * 15_000,
}, async () => {
  const random = seeded(SEED);
  const embedded: RunStores = { data: join(temporary.path, 'embedded'), settings };
  mkdirSync(embedded.data);
  const expected = await wholeRun(embedded);

  let [port, servers] = ['0', 0];
  const file = join(temporary.path, 'log');
  const startServer = async (): Promise<Child> => {
    const server = startNode([SERVER, port, file, 'flush']);
    port = (await server.saw('\n')).trim();
    servers++;
    return server;
  };
  let server = await startServer();
  const stores: RunStores = {
    data: join(temporary.path, 'network'),
    settings,
    eventStore: `esdb://127.0.0.1:${port}?tls=false`,
  };
  mkdirSync(stores.data);
  let child = startRun(stores);
  for (let kills = 0; kills < counts.killsAcrossNetwork; kills++) {
    if (random() < 0.8) await child.saw('"msg"');
    await pause(random() * 2_500);
    if (random() < 0.4) {
      await killed(server);
      await pause(random() * 500);
      server = await startServer();
    } else {
      await killed(child);
      child = startRun(stores);
    }
  }
  await killed(child);
  const actual = await wholeRun(stores);
  expect(differencesOf(expected, actual)).toEqual([]);
  expect(digestsOf(actual)).toEqual(digestsOf(expected));
  await killed(server);
  expect(servers).toBeGreaterThan(1);
});
