import { chmodSync } from 'node:fs';
import { expect, it } from 'vitest';
import { folderWarning } from '../../src/cli/data-folder.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const temporary = new TemporaryFolder();

it('a data folder that everybody may write to is named, and no other', () => {
  const folder = temporary.newFolder();
  for (const mode of [0o700, 0o755, 0o2775]) {
    chmodSync(folder, mode);
    expect(folderWarning(folder)).toBeUndefined();
  }
  for (const mode of [0o777, 0o1777, 0o702]) {
    chmodSync(folder, mode);
    expect(folderWarning(folder)).toMatch(new RegExp(`^${folder}: everybody .* chmod 700$`));
  }
  expect(folderWarning(`${folder}/none`)).toBeUndefined();
});
