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

/** Of each kind; those that come when all is decided do not count. */
const left = { server: counts.killsAcrossNetwork, system: counts.killsAcrossNetwork };

/** One tape, on which server and system are killed at random moments until all is decided on it, or no more kills are due. */
async function contentsAfterKills(name: string, random: () => number): Promise<Contents> {
  const file = join(temporary.path, `${name}.log`);
  let port = '0';
  const startServer = async (): Promise<Child> => {
    const server = startNode([SERVER, port, file, 'flush']);
    port = (await server.saw('\n')).trim();
    return server;
  };
  let server = await startServer();
  const stores: RunStores = {
    data: join(temporary.path, name),
    settings,
    eventStore: `esdb://127.0.0.1:${port}?tls=false`,
  };
  mkdirSync(stores.data);
  let child = startRun(stores);
  while (left.server + left.system > 0) {
    if (random() < 0.8) await child.saw('"msg"');
    await pause(random() * 2_500);
    if (child.output().includes('"msg":"summary"')) break;
    const what = random() * (left.server + left.system) < left.server ? 'server' : 'system';
    left[what]--;
    if (what === 'server') {
      await killed(server);
      await pause(random() * 500);
      server = await startServer();
    } else {
      await killed(child);
      child = startRun(stores);
    }
  }
  await killed(child);
  const contents = await wholeRun(stores);
  await killed(server);
  return contents;
}

it(`the tape and the read models are those of one run (TAPEDECK_TEST_SEED=${SEED})`, {
  timeout: 120_000 + counts.killsAcrossNetwork * 60_000,
}, async () => {
  const random = seeded(SEED);
  const embedded: RunStores = { data: join(temporary.path, 'embedded'), settings };
  mkdirSync(embedded.data);
  const expected = await wholeRun(embedded);
  for (let tape = 1; left.server + left.system > 0; tape++) {
    const actual = await contentsAfterKills(`network-${tape}`, random);
    expect({ tape, differences: differencesOf(expected, actual) }).toEqual({ tape, differences: [] });
    expect(digestsOf(actual)).toEqual(digestsOf(expected));
  }
});
