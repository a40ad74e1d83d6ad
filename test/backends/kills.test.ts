/** Law 4 on backends: two instances, each killed again and again at any moment, leave exactly what one clean run leaves. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endChildrenAfterwards } from '../support/child.ts';
import { type Contents, differencesOf, digestsOf } from '../support/digests.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { seeded } from '../support/seeded.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { givenMongoDb } from './ferretdb/given-mongodb.ts';
import { type Instance, until } from './instance.ts';
import { givenKafka } from './kafka/given-kafka.ts';
import { embeddedContents, Round } from './round.ts';
import { emptyTape } from './tapes.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();

const KILLS = Number(process.env.TAPEDECK_TEST_KILLS ?? 50);
const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const [CANDLES, FRAMES] = [420, 4_000];
/** Some die while they start, most when so many events more are on the tape, or at some time after it is whole. */
const STARTING_SHARE = 0.3;
const [STARTING_MS, WORKING_MS] = [1_500, 3_000];
const MOST_EVENTS = 120;
const LONGEST_WAIT_SECONDS = 180;
const ROUND_SECONDS = 360;

/** At how many kills which work was not done yet. */
interface Fallen {
  kills: number;
  tape: number;
  projections: number;
  relay: number;
}

describe('two instances on backends', () => {
  const [mongo, kafka] = [givenMongoDb(), givenKafka()];

  it(`killed ${KILLS} times leave what one run leaves`, { timeout: (ROUND_SECONDS + KILLS * 20) * 1_000 }, async () => {
    process.stdout.write(`TAPEDECK_TEST_SEED=${SEED} TAPEDECK_TEST_KILLS=${KILLS}\n`);
    const settings = writeRecordedHeads(folder, CANDLES, FRAMES);
    const expected = await embeddedContents(folder, settings, ROUND_SECONDS);
    const lanes = [seeded(SEED), seeded(SEED + 1)];
    const fallen: Fallen = { kills: 0, tape: 0, projections: 0, relay: 0 };
    const backends = { mongo: mongo.address(), kafka: kafka.address() };
    const env = { TAPEDECK_SETTINGS: settings, TAPEDECK_LEASE_SECONDS: '2' };
    for (let rounds = 1; fallen.kills < KILLS; rounds++) {
      const round = await Round.begin(`kills-${rounds}`, { folder, backends, env }, emptyTape);
      try {
        const instances = lanes.map(() => round.startInstance());
        await Promise.all(
          lanes.map((random, lane) => killAgainAndAgain(round, instances[lane] as Instance, expected, random, fallen)),
        );
        const actual = await round.finish(expected, ROUND_SECONDS);
        process.stdout.write(
          `round ${rounds}, ${round.place};\nkills so far, and what was not done yet: ${JSON.stringify(fallen)}\n`,
        );
        expect(differencesOf(expected, actual)).toEqual([]);
        expect(digestsOf(actual)).toEqual(digestsOf(expected));
      } finally {
        await round.end();
      }
    }
    expect(Math.min(fallen.tape, fallen.projections, fallen.relay)).toBeGreaterThan(0);
  });
});

/** Until this round's work is done, or enough were killed. */
async function killAgainAndAgain(
  round: Round,
  instance: Instance,
  expected: Contents,
  random: () => number,
  fallen: Fallen,
): Promise<void> {
  for (;;) {
    if (random() < STARTING_SHARE) await sleep(random() * STARTING_MS);
    else await sleepAtWork(round, expected, random);
    const { recorded, isProjected, sent } = await round.progress();
    const open = { tape: recorded < expected.tape.length, projections: !isProjected, relay: sent < expected.records.length };
    if (fallen.kills >= KILLS || !(open.tape || open.projections || open.relay)) return;
    fallen.kills++;
    for (const what of ['tape', 'projections', 'relay'] as const) if (open[what]) fallen[what]++;
    await instance.kill();
    instance.start();
  }
}

async function sleepAtWork(round: Round, expected: Contents, random: () => number): Promise<void> {
  const next = (await round.recorded()) + 1 + Math.floor(random() * MOST_EVENTS);
  const events = Math.min(expected.tape.length, next);
  await until(`${events} events`, LONGEST_WAIT_SECONDS, round.instances, async () => (await round.recorded()) >= events);
  if ((await round.recorded()) >= expected.tape.length) await sleep(random() * WORKING_MS);
}
