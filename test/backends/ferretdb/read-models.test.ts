/** What people do with read models, on MongoDB: the tape is one machine's file, so that the same tape can be read twice. */

import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { endChildrenAfterwards, tapedeck } from '../../support/child.ts';
import { writeRecordedHeads } from '../../support/recorded-heads.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { Instance, until } from '../instance.ts';
import { givenMongoDb } from './given-mongodb.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();
const mongodb = givenMongoDb();

const ROUTES = [
  '/v1/instruments',
  '/v1/feeds',
  '/v1/prices',
  '/v1/prices/binance/BTCUSDT',
  '/v1/book/binance/BTCUSDT',
  '/v1/bars?venue=coinbase&symbol=BTC-USD&interval=4h&limit=50',
  '/v1/bars?venue=coinbase&symbol=BTC-USD&interval=4h&limit=50&order=asc',
  '/v1/strategies',
  '/v1/signals',
  '/v1/orders?limit=5',
  '/v1/orders?status=filled&account=paper-coinbase',
  '/v1/fills?limit=20',
  '/v1/accounts',
  '/v1/accounts/paper-coinbase',
  '/v1/accounts/paper-coinbase/positions',
  '/v1/accounts/paper-coinbase/equity?limit=50',
];

const SECONDS = 90;

const [files, copy] = [join(folder, 'files'), join(folder, 'copy')];
let onFiles: Record<string, string>;
let onMongoDb: Record<string, string>;

beforeAll(async () => {
  for (const data of [files, copy]) mkdirSync(data);
  const TAPEDECK_SETTINGS = writeRecordedHeads(folder, 400, 3_000);
  onFiles = { TAPEDECK_DATA: files, TAPEDECK_SETTINGS };
  onMongoDb = { TAPEDECK_DATA: copy, TAPEDECK_SETTINGS, TAPEDECK_READ_STORE: mongodb.place() };
  await (await served('first', onFiles)).stop();
  cpSync(join(files, 'tape.sqlite'), join(copy, 'tape.sqlite'));
});

/** The system at work, with all that is recorded ingested. */
async function served(name: string, env: Readonly<Record<string, string>>): Promise<Instance> {
  const instance = new Instance(name, env);
  instance.start();
  await until('the summary', SECONDS, [instance], () => instance.output.includes('"msg":"summary"'));
  return instance;
}

/** What the API answers once everything on the tape is in the read models. */
async function answersOf(instance: Instance): Promise<Record<string, string>> {
  const status = await tapedeck(['status', '--json'], onFiles);
  const { head } = JSON.parse(status.stdout).tape;
  const answers: Record<string, string> = {};
  for (const route of ROUTES) {
    const url = `${instance.address}${route}${route.includes('?') ? '&' : '?'}min-position=${head}`;
    answers[route] = await until(route, SECONDS, [instance], async () => {
      const answer = await fetch(url);
      return answer.status === 503 ? undefined : `${answer.status} ${await answer.text()}`;
    });
  }
  return answers;
}

describe('read models in MongoDB', () => {
  it('are served as the same bytes as from a file', async () => {
    const [first, second] = [await served('files', onFiles), await served('mongodb', onMongoDb)];
    const [expected, actual] = [await answersOf(first), await answersOf(second)];
    for (const route of ROUTES) {
      expect(expected[route]).toMatch(/^200 /);
      expect(actual[route]).toBe(expected[route]);
    }
    const next = /"next":"([^"]+)"/.exec(expected['/v1/orders?limit=5'] ?? '')?.[1];
    const pages = [first, second].map(async ({ address }) => (await fetch(`${address}/v1/orders?limit=5&cursor=${next}`)).text());
    const [page, same] = await Promise.all(pages);
    expect(page).toMatch(/^{"data":\[{"id"/);
    expect(same).toBe(page);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('are as a fold of the tape has them, are built again beside those that serve, and are of one tape', async () => {
    const verified = await tapedeck(['projections', 'verify', '--json'], onMongoDb);
    expect([verified.code, verified.stderr]).toEqual([0, '']);
    expect(verified.stdout).not.toMatch(/"differing":[1-9]/);
    const rebuilt = await tapedeck(['projections', 'rebuild', 'orders', '--json'], onMongoDb);
    expect(rebuilt.stdout).toContain('"collection":"orders@4.2"');
    const again = await tapedeck(['projections', 'verify', 'orders', '--json'], onMongoDb);
    expect(again.stdout).toMatch(/"collection":"orders@4.2".*"differing":0/);
    const parked = await tapedeck(['projections', 'parked', '--json'], onMongoDb);
    expect([parked.code, parked.stdout]).toEqual([0, '']);

    const other = join(folder, 'other');
    mkdirSync(other);
    await tapedeck(['ingest', join(folder, 'candles.json'), '--venue', 'coinbase', '--symbol', 'BTC-USD'], {
      ...onFiles,
      TAPEDECK_DATA: other,
    });
    const refused = await tapedeck(['projections', 'list'], { ...onMongoDb, TAPEDECK_DATA: other });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('the read store belongs to another tape');
  });
});
