import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { describeCommitHook } from '../../contracts/commit-hook.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const folder = new TemporaryFolder();

describeEventStore('the tape in SQLite', (clock) => openSqliteEventStore(folder.newFile(), clock));
describeExclusiveSection('the tape in SQLite', (clock) => openSqliteEventStore(folder.newFile(), clock));
describeCommitHook('the tape in SQLite', (clock) => openSqliteEventStore(folder.newFile(), clock));
