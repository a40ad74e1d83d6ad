/** Topics that cannot be used: one clear message that says what to do, and exit code 2, before anything is sent. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder } from '../adapters/temporary-folder.ts';
import { endChildrenAfterwards, startTapedeck } from '../support/child.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { Instance, until } from './instance.ts';
import { startLocalKafka } from './kafka/local-kafka.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();
const MOST_SECONDS = 120;

describe('a process whose events go to Kafka', () => {
  let kafka: Awaited<ReturnType<typeof startLocalKafka>>;
  let settings: string;
  beforeAll(async () => {
    settings = writeRecordedHeads(folder, 20, 600);
    kafka = await startLocalKafka();
    // Makes the topics, and sends a tape.
    const first = new Instance('first', envOf('first', 3));
    first.start();
    await until('the first record', MOST_SECONDS, [first], async () => {
      const { code, stdout } = await startTapedeck(
        ['consume', 'settings', '--from-beginning', '--until-end', '--json'],
        envOf('first', 3),
      ).ended;
      return code === 0 && stdout.includes('SettingsApplied');
    });
    await first.stop();
  });
  afterAll(() => kafka?.stop());

  function envOf(data: string, partitions: number): Readonly<Record<string, string>> {
    return {
      TAPEDECK_DATA: join(folder, data),
      TAPEDECK_SETTINGS: settings,
      TAPEDECK_KAFKA: `kafka://${kafka.address}?prefix=topics&partitions=${partitions}`,
      PORT: '0',
    };
  }

  it.each([
    ['have other partitions', 'first', 5, /topic "topics\.\w+" has 3 partitions, not 5: .*partitions=3.*another prefix/],
    ['hold another tape', 'second', 3, /published belongs to another tape: .*another prefix/],
  ])('ends where its topics %s', { timeout: MOST_SECONDS * 1_000 }, async (_what, data, partitions, message) => {
    const { code, stderr } = await startTapedeck(['run', '--json'], envOf(data, partitions)).ended;
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at |this is a bug/);
    expect(code).toBe(2);
  });
});
