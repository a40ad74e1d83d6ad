import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openSqliteLeases } from '../../../src/adapters/sqlite/leases.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import { describeLeases } from '../../contracts/leases.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const folder = new TemporaryFolder();

describeLeases('leases in SQLite', async () => {
  const file = folder.newFile();
  return () => openSqliteLeases(file, systemTime);
});

test('leases in SQLite are there when the file is opened again', async () => {
  const file = folder.newFile();
  const leases = await openSqliteLeases(file, systemTime);
  await leases.compareAndSet('engine', null, { owner: 'a', holder: 'host:1', epoch: 1, counter: 1 });
  await leases.close();
  const again = await openSqliteLeases(file, systemTime);
  expect((await again.read()).get('engine')).toEqual({ owner: 'a', holder: 'host:1', epoch: 1, counter: 1 });
  await again.close();
});

test('leases in SQLite are not kept in a file that is something else', async () => {
  const file = `${folder.path}/notes`;
  writeFileSync(file, 'this is no database, only a text of some length');
  await expect(openSqliteLeases(file, systemTime)).rejects.toThrow(StoreError);
});
