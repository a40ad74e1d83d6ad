/** Preloaded into a process: its databases have room for a few hundred pages only, and then are as full as a full disk makes them. */

import { DatabaseSync } from 'node:sqlite';

const original = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function exec(this: DatabaseSync, sql: string) {
  const result = original.call(this, sql);
  if (/journal_mode/i.test(sql)) original.call(this, 'PRAGMA max_page_count = 400');
  return result;
};
