/** The same recordings leave the same on one machine's files and on backends: streams, documents, and what is sent on. */

import { describe, expect, it } from 'vitest';
import { endChildrenAfterwards, ROOT } from '../support/child.ts';
import { differencesOf, digestsOf } from '../support/digests.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { givenMongoDb } from './ferretdb/given-mongodb.ts';
import { givenKafka } from './kafka/given-kafka.ts';
import { embeddedContents, Round } from './round.ts';
import { emptyTapeOfAll } from './tapes.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();

const SETTINGS = `${ROOT}/settings/default.json`;
/** For each of the two runs: minutes on an idle machine. */
const MOST_SECONDS = 1_200;

describe('the system on backends', () => {
  const [mongo, kafka] = [givenMongoDb(), givenKafka()];

  it('leaves what it leaves embedded', { timeout: MOST_SECONDS * 2_000 }, async () => {
    const expected = await embeddedContents(folder, SETTINGS, MOST_SECONDS);
    const backends = { mongo: mongo.address(), kafka: kafka.address() };
    const terms = { folder, backends, env: { TAPEDECK_SETTINGS: SETTINGS } };
    const round = await Round.begin('same', terms, emptyTapeOfAll);
    try {
      round.startInstance();
      round.startInstance();
      const actual = await round.finish(expected, MOST_SECONDS);
      process.stdout.write(
        `${expected.tape.length} events, ${expected.documents.length} documents, embedded and on backends,\n${round.place}:\n`,
      );
      const [left, right] = [digestsOf(expected), digestsOf(actual)];
      for (const what of ['streams', 'documents', 'records'] as const) {
        process.stdout.write(`${what.padEnd(9)} ${left[what]}\n${' '.repeat(9)} ${right[what]}\n`);
      }
      expect(differencesOf(expected, actual)).toEqual([]);
      expect(right).toEqual(left);
    } finally {
      await round.end();
    }
  });
});
