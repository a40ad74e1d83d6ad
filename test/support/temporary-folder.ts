/** A folder for the files of a test file, removed when its tests are done. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
  #files = 0;

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** The path of a file that is not there yet, in a folder that is not there yet. */
  newFile(): string {
    this.#files += 1;
    return join(this.path, String(this.#files), 'store.db');
  }

  /** A folder that is there, empty, and for nobody but the user. */
  newFolder(): string {
    return mkdtempSync(join(this.path, 'folder-'));
  }
}
