/** A tape that is not as it was recorded: every door says where, and what to do. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openTapeFile } from '../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { givenTape } from '../cli/given-tape.ts';

const tape = givenTape();

interface Damage {
  readonly what: string;
  /** Which event, by SQL. */
  readonly where: string;
  /** The columns as they are written over it. */
  readonly set: string;
  readonly why: RegExp;
}

const FIRST_BAR = "type = 'BarClosed' AND category = 'bars' AND revision = 20";
const DAMAGES: readonly Damage[] = [
  { what: 'a flipped bit in a brace', where: FIRST_BAR, set: `data = 'z' || substr(data, 2)`, why: /it is not JSON/ },
  { what: 'a flipped bit in metadata', where: FIRST_BAR, set: `metadata = replace(metadata, '}', '|')`, why: /it is not JSON/ },
  {
    what: 'a flipped bit in the name of a field',
    where: FIRST_BAR,
    set: `data = replace(data, '"close"', '"clote"')`,
    why: /BarClosed: .*close/,
  },
  {
    what: 'a flipped bit in a number',
    where: FIRST_BAR,
    set: `data = replace(data, '"close":"', '"close":"q')`,
    why: /BarClosed: .*decimal/,
  },
  {
    what: 'a flipped bit in a decision',
    where: "type = 'CascadeDecided' AND revision = 3",
    set: `data = replace(data, '"decisions"', '"decisiont"')`,
    why: /CascadeDecided: /,
  },
];

/** A copy of the tape with that damage, and where it is. Its read models are gone: everything is read. */
function damaged({ where, set }: Damage): { readonly folder: string; readonly place: string } {
  const folder = tape.copy();
  for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `read-models.sqlite${end}`), { force: true });
  const db = new DatabaseSync(join(folder, 'tape.sqlite'));
  const { position, stream, revision } = db
    .prepare(`SELECT position, stream, revision FROM events WHERE ${where} LIMIT 1`)
    .get() as Record<string, unknown>;
  db.exec(`DROP TRIGGER events_are_not_changed; UPDATE events SET ${set} WHERE position = ${position}`);
  db.close();
  expect(stream).toBeTypeOf('string');
  expect(revision).toBeTypeOf('number');
  return {
    folder,
    place: `the tape is damaged at position ${position} (stream ${stream}, revision ${revision}): restore the backup`,
  };
}

describe.each(DAMAGES)('a tape with $what', (damage) => {
  it('is told as damaged at a start, with the place', { timeout: 60_000 }, async () => {
    const { folder, place } = damaged(damage);
    const { code, stderr } = await tape.run(['run'], folder);
    expect([code, stderr]).toEqual([2, expect.stringContaining(place)]);
    expect(stderr).toMatch(damage.why);
    expect(stderr).not.toContain('this is a bug');
  });
});

it.each([
  [`data = replace(data, '"close"', '"clote"')`, /stream bars-\S+, revision 20\): restore the backup/],
  ['revision = revision + 4096', /stream bars-\S+, revision 4116\): restore the backup \(revision 20 had to come\)/],
])('verify says so as well: %s', { timeout: 60_000 }, async (set, message) => {
  const folder = tape.copy();
  const db = await openTapeFile(join(folder, 'tape.sqlite'), systemTime);
  db.exec(`DROP TRIGGER events_are_not_changed; UPDATE events SET ${set} WHERE ${FIRST_BAR}`);
  db.close();
  const { code, stderr } = await tape.run(['projections', 'verify'], folder);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/the tape is damaged at position \d+ \(/)]);
  expect(stderr).toMatch(message);
});

it('a tape of a newer build is not called damaged, but its event is named', async () => {
  const folder = tape.copy();
  const db = await openTapeFile(join(folder, 'tape.sqlite'), systemTime);
  db.exec(`DROP TRIGGER events_are_not_changed; UPDATE events SET schema_version = 99 WHERE ${FIRST_BAR}`);
  db.close();
  const { code, stderr } = await tape.run(['projections', 'verify'], folder);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(
      /the event at position \d+ \(stream bars-\S+, revision 20\) cannot be read: BarClosed version 99 is newer/,
    ),
  ]);
});
