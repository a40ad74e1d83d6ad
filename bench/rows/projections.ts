import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { categoryOf } from '../../src/domain/streams.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { startProjection } from '../../src/runtime/projections/host.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { newFile, recordedTape } from '../recorded-tape.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';
import { appendAll, recordedBatches } from './append.ts';

const ROUNDS = 3;
const MAX_WAIT_MS = 120_000;

export const projections: Row = {
  name: 'projections',
  path: 'projections',
  async run(): Promise<Outcome[]> {
    const batches = await recordedBatches();
    const appended = batches.flat().length;
    const store = await openEventStore(`sqlite:${await recordedTape()}`, systemTime);
    const head = await store.head();
    const events = await countHandled(store);
    const { raw, ours } = await serially(
      ROUNDS,
      () => appendAll(batches),
      async () => {
        const reads = await openReadStore(`sqlite:${newFile()}`, systemTime);
        const took = await timed(async () => {
          const running = await Promise.all(PROJECTIONS.map((one) => startProjection(one, store, reads, { time: systemTime })));
          for (const one of running) {
            if (!(await one.waitFor(head, MAX_WAIT_MS))) throw new Error('a projection did not catch up');
          }
          for (const one of running) await one.close();
        });
        await reads.close();
        return took;
      },
    );
    await store.close();
    const [projected, written] = [events / ours, appended / raw];
    return [
      {
        what: `events that one of the ${PROJECTIONS.length} read models shows, taken into all of them, against events appended in batches of 100`,
        measured: perSecond(events, ours),
        raw: perSecond(appended, raw),
        value: projected / written,
        bound: 0.5,
        atLeast: true,
        unit: 'x',
      },
    ];
  },
};

/** Those that only pass by, such as cascades, whose decisions are copied to streams of their own, do not count. */
async function countHandled(store: EventStore): Promise<number> {
  let count = 0;
  for await (const event of eventsOf(store, {})) if (isHandled(event)) count++;
  return count;
}

function isHandled(event: RecordedEvent): boolean {
  const category = categoryOf(event.stream);
  return PROJECTIONS.some(
    (projection) => projection.categories?.includes(category) !== false && projection.keys(event).length > 0,
  );
}
