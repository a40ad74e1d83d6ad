/** The tape's file: its schema, version by version. */

import type { DatabaseSync } from 'node:sqlite';
import type { Time } from '../../ports/clock.ts';
import { openSqliteFile, openSqliteFileToRead, type SqliteFileKind } from './file.ts';

/**
 * Positions are never used again, since nothing is ever deleted. Every index ends with the position, so each of them
 * hands out its events in tape order. The id is not unique: no store is relied on to find an id at another revision.
 */
const VERSION_1 = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    stream TEXT NOT NULL,
    category TEXT NOT NULL,
    revision INTEGER NOT NULL,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    recorded_at TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
  CREATE INDEX events_by_id ON events (id);
  CREATE INDEX events_by_category ON events (category);
  CREATE INDEX events_by_type ON events (type);
  CREATE INDEX events_by_correlation ON events (correlation_id);
  CREATE INDEX events_by_time ON events (occurred_at);
  CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the tape is immutable: an event is never changed'); END;
  CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the tape is immutable: an event is never deleted'); END;
`;

/**
 * `INSERT OR REPLACE` deletes without the trigger for deletions. Made at each opening, so that it guards older files as
 * well; to an older build it makes no difference.
 */
const GUARD = `
  CREATE TRIGGER IF NOT EXISTS events_are_not_replaced BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
      OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND revision = NEW.revision)
    BEGIN SELECT RAISE(ABORT, 'the tape is immutable: an event is never replaced'); END;
`;

export const TAPE_FILE: SqliteFileKind = {
  what: 'tape',
  applicationId: 0x54504b44, // "TPKD"
  synchronous: 'full',
  migrations: [VERSION_1],
  guard: { trigger: 'events_are_not_replaced', sql: GUARD },
};

/** Opens a tape's file, or makes it. */
export function openTapeFile(file: string, time: Time): Promise<DatabaseSync> {
  return openSqliteFile(file, TAPE_FILE, time);
}

/** Opens a tape's file that is there, for reading only. */
export function openTapeFileToRead(file: string, time: Time): Promise<DatabaseSync> {
  return openSqliteFileToRead(file, TAPE_FILE, time);
}
