/** Files that a user names: a pipe that nobody writes to holds nothing up. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { TemporaryFolder } from './support/temporary-folder.ts';

const temporary = new TemporaryFolder();
const SOURCES = pathToFileURL(join(import.meta.dirname, '../src/')).href;

/** In a process of its own, which can be ended where it waits for the pipe. */
const READS_ALL = `
const [, pipe, sources] = process.argv;
const from = (path) => import(sources + path);
const { loadSettings } = await from('requests/settings-file.ts');
const { readConfig } = await from('config/environment.ts');
const { parseEventStoreDbAddress } = await from('adapters/eventstoredb/address.ts');
const { parseMongoAddress } = await from('adapters/mongodb/address.ts');
const { parseKafkaAddress } = await from('adapters/kafka/address.ts');
const { checkRecording } = await from('adapters/recordings/recording.ts');
const reads = [
  () => loadSettings(pipe),
  () => readConfig({ TAPEDECK_API_KEYS_FILE: pipe }),
  () => parseEventStoreDbAddress('esdb://host?tlsCAFile=' + pipe),
  () => parseMongoAddress('mongodb://host/?tls=true&tlsCAFile=' + encodeURIComponent(pipe)),
  () => parseKafkaAddress('kafka+ssl://host:1?ca=' + pipe),
  () => checkRecording(pipe),
];
for (const read of reads) {
  try {
    await read();
    console.log('read');
  } catch (error) {
    console.log(error.message.replaceAll('\\n', ' '));
  }
}`;

it('are refused in one sentence where they are no plain files: settings, secrets, certificates, recordings', () => {
  const pipe = join(temporary.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const args = ['--input-type=module', '-e', READS_ALL, pipe, SOURCES];
  const said = execFileSync(process.execPath, args, { timeout: 30_000, encoding: 'utf8' }).trim().split('\n');
  const plain = 'is not a plain file: name one that holds the text itself';
  expect(said).toEqual([
    `${pipe} cannot be used, it has one mistake:   (file): ${plain}; name another with TAPEDECK_SETTINGS`,
    expect.stringContaining(`TAPEDECK_API_KEYS_FILE: "${pipe}" ${plain}`),
    `the address of the event store cannot be used: the file of its option "tlsCAFile" ${plain}`,
    `the address of MongoDB at host/tapedeck: the file of its option "tlsCAFile" ${plain}`,
    `the address of Kafka (TAPEDECK_KAFKA) cannot be used: the certificate authority "${pipe}" ${plain}`,
    `recording "${pipe}": it is not a file; name the recording itself`,
  ]);
});
