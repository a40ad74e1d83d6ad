import { expect, it } from 'vitest';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { describeCommitHook } from '../../contracts/commit-hook.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';
import { recovered } from '../../contracts/tape-events.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const folder = new TemporaryFolder();

describeEventStore('the tape in SQLite', (clock) => openSqliteEventStore(folder.newFile(), clock));
describeExclusiveSection('the tape in SQLite', (clock) => openSqliteEventStore(folder.newFile(), clock));
describeCommitHook('the tape in SQLite', (clock) => openSqliteEventStore(folder.newFile(), clock));

it('whoever appended is answered before those who follow read, however far the answer has to go', async () => {
  const store = await openSqliteEventStore(folder.newFile(), systemTime);
  const order: string[] = [];
  const { promise: caughtUp, resolve: onCaughtUp } = Promise.withResolvers<void>();
  const subscription = store.subscribe({
    after: '0',
    onEvents: () => void order.push('followed'),
    onCaughtUp: () => onCaughtUp(),
  });
  await caughtUp;
  await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
  for (let hop = 0; hop < 20; hop++) await Promise.resolve();
  order.push('answered');
  await until(() => order.length === 2);
  expect(order).toEqual(['answered', 'followed']);
  await subscription.close();
  await store.close();
});
