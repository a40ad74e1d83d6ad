/** What backends and processes do to each other while a session is played: afterwards everything is there, and once. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLeases } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { endChildrenAfterwards } from '../support/child.ts';
import { type Contents, differencesOf, digestsOf } from '../support/digests.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { seeded } from '../support/seeded.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { startLocalFerretDb } from './ferretdb/local-ferretdb.ts';
import { type Instance, until } from './instance.ts';
import { startLocalKafka } from './kafka/local-kafka.ts';
import { embeddedContents, Round } from './round.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();

const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const [CANDLES, FRAMES] = [300, 4_000];
/** The session takes half a minute at 1. */
const PACE = ['--pace', '2'];
const LEASE_SECONDS = 2;
const AWAY_MS = 20_000;
const MOST_SECONDS = 300;

describe('two instances on backends, while a session is played,', () => {
  let mongo: Awaited<ReturnType<typeof startLocalFerretDb>>;
  let kafka: Awaited<ReturnType<typeof startLocalKafka>>;
  let settings: string;
  let expected: Contents;
  beforeAll(async () => {
    process.stdout.write(`TAPEDECK_TEST_SEED=${SEED}\n`);
    settings = writeRecordedHeads(folder, CANDLES, FRAMES);
    [mongo, kafka, expected] = await Promise.all([
      startLocalFerretDb(),
      startLocalKafka(),
      embeddedContents(folder, settings, MOST_SECONDS),
    ]);
  });
  afterAll(() => Promise.all([mongo?.stop(), kafka?.stop()]));

  /** Lets `harm` happen to a round at work, and sees that it leaves what it should. */
  async function withstands(name: string, harm: (round: Round, random: () => number) => Promise<void>): Promise<void> {
    const env = { TAPEDECK_SETTINGS: settings, TAPEDECK_LEASE_SECONDS: String(LEASE_SECONDS) };
    const backends = { mongo: mongo.address, kafka: kafka.address };
    const round = await Round.begin(name, { folder, backends, env });
    try {
      round.startInstance(...PACE);
      round.startInstance(...PACE);
      await recorded(round, CANDLES + 50);
      expect(round.eventStore.length).toBeLessThan(expected.tape.length);
      await harm(round, seeded(SEED));
      const actual = await round.finish(expected, MOST_SECONDS);
      expect(differencesOf(expected, actual)).toEqual([]);
      expect(digestsOf(actual)).toEqual(digestsOf(expected));
    } finally {
      await round.end();
    }
  }

  it('withstand restarts of the broker', { timeout: MOST_SECONDS * 2_000 }, () =>
    withstands('broker', async (round, random) => {
      await until('the first records', MOST_SECONDS, round.instances, async () => (await round.progress()).sent > 0);
      for (let restarts = 0; restarts < 3; restarts++) {
        await sleep(random() * 2_000);
        await kafka.restart();
      }
    }),
  );

  it('hand over from a frozen holder, which does nothing when it wakes up', { timeout: MOST_SECONDS * 2_000 }, () =>
    withstands('frozen', async (round) => {
      const frozen = await holderOf('engine', round);
      const at = performance.now();
      frozen.freeze();
      await until('another holder of the engine', 60, round.instances, async () => (await holderOf('engine', round)) !== frozen);
      process.stdout.write(`handed over after ${Math.round(performance.now() - at)} ms, by leases of ${LEASE_SECONDS} s\n`);
      await recorded(round, round.eventStore.length + 20);
      frozen.thaw();
    }),
  );

  it('withstand a read store that is away for 20 s', { timeout: MOST_SECONDS * 2_000 }, () =>
    withstands('away', async (round) => {
      await mongo.kill();
      await sleep(AWAY_MS);
      for (const instance of round.instances) instance.assertAlive();
      await mongo.restart();
    }),
  );

  it('withstand subscriptions that are cut and appends that are not answered', { timeout: MOST_SECONDS * 2_000 }, () =>
    withstands('cut', async (round, random) => {
      const faults = [
        () => round.eventStore.failSubscriptions('cut'),
        () => round.eventStore.failSubscriptions('cleanly'),
        () => round.eventStore.failSubscriptions('stall'),
        () => round.eventStore.forgetAnswer('commit-cut'),
        () => round.eventStore.forgetAnswer('commit-half-close'),
      ];
      for (const fault of [...faults, ...faults, ...faults]) {
        await sleep(random() * 1_000);
        fault();
      }
    }),
  );
});

function recorded(round: Round, events: number): Promise<true> {
  return until(`${events} events`, MOST_SECONDS, round.instances, () => round.eventStore.length >= events);
}

/** The instance that holds a lease; waits until one does. */
async function holderOf(lease: string, round: Round): Promise<Instance> {
  const leases = await openLeases(round.readStore, systemTime);
  try {
    return await until(`a holder of "${lease}"`, MOST_SECONDS, round.instances, async () => {
      const record = (await leases.read()).get(lease);
      return record?.owner == null ? undefined : round.instances.find(({ pid }) => record.holder.endsWith(`:${pid}`));
    });
  } finally {
    await leases.close();
  }
}
