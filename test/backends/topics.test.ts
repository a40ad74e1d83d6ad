/** Topics that cannot be used: one clear message that says what to do, and exit code 2, before anything is sent. */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { endChildrenAfterwards, startTapedeck } from '../support/child.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { topicsAt } from './addresses.ts';
import { Instance, until } from './instance.ts';
import { givenKafka } from './kafka/given-kafka.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();
const MOST_SECONDS = 120;

describe('a process whose events go to Kafka', () => {
  const kafka = givenKafka();
  const prefix = `test-topics-${randomUUID().slice(0, 8)}`;
  let settings: string;
  beforeAll(async () => {
    settings = writeRecordedHeads(folder, 20, 600);
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

  function envOf(data: string, partitions: number): Readonly<Record<string, string>> {
    return {
      TAPEDECK_DATA: join(folder, data),
      TAPEDECK_SETTINGS: settings,
      TAPEDECK_KAFKA: topicsAt(kafka.address(), prefix, { partitions: String(partitions) }),
      PORT: '0',
    };
  }

  it.each([
    ['have other partitions', 'first', 5, /topic "test-topics-\w+\.\w+" has 3 partitions, not 5: .*partitions=3.*another prefix/],
    ['hold another tape', 'second', 3, /published belongs to another tape: .*another prefix/],
  ])('ends where its topics %s', { timeout: MOST_SECONDS * 1_000 }, async (_what, data, partitions, message) => {
    const { code, stderr } = await startTapedeck(['run', '--json'], envOf(data, partitions)).ended;
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at |this is a bug/);
    expect(code).toBe(2);
  });
});
