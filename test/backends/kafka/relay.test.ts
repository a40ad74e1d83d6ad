/** Each event of the tape is on Kafka once, in the order of its stream, whatever happens to relays and brokers. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openEventStore, openPublisher } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { eventsOf } from '../../../src/ports/pages.ts';
import { startRelay } from '../../../src/runtime/relay/relay.ts';
import { PublishedOrder } from '../../../src/runtime/relay/stream-order.ts';
import { publicationOf, TOPICS } from '../../../src/tape/publication.ts';
import { run } from '../../contracts/tape-events.ts';
import { type Child, endChildrenAfterwards, startNode, tapedeck } from '../../support/child.ts';
import { seeded } from '../../support/seeded.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { givenKafka, NOT_OURS, recordsOn, silent } from './given-kafka.ts';

endChildrenAfterwards();
const kafka = givenKafka();
const temporary = new TemporaryFolder();
const CHILD = join(import.meta.dirname, 'relay-child.ts');
const KILLS = Number(process.env.TAPEDECK_TEST_KILLS ?? 30);
const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const CATCH_UP_MS = 60_000;
let tapes = 0;

interface Given {
  readonly tape: EventStore;
  readonly place: string;
  /** Another process that relays it. */
  readonly start: () => Child;
}

async function givenTape(): Promise<Given> {
  const address = `sqlite:${join(temporary.path, `tape-${++tapes}.sqlite`)}`;
  const place = kafka.place();
  return { tape: await openEventStore(address, systemTime), place, start: () => startNode([CHILD, address, place]) };
}

/** Appends to a stream of each of several instruments. */
function appender(tape: EventStore) {
  const next = new Map<string, number>();
  return async (stream: string, count: number): Promise<void> => {
    const from = next.get(stream) ?? 0;
    await tape.append(stream, from === 0 ? 'no-stream' : from - 1, run(stream, from, from + count - 1));
    next.set(stream, from + count);
  };
}

async function expectedOf(tape: EventStore): Promise<Map<string, string[]>> {
  const values = new Map<string, string[]>();
  for await (const event of eventsOf(tape, {})) {
    const { topic, value } = publicationOf(event);
    values.set(topic, [...(values.get(topic) ?? []), value]);
  }
  return values;
}

const countOf = (values: ReadonlyMap<string, readonly string[]>): number =>
  [...values.values()].reduce((sum, some) => sum + some.length, 0);

/** What is on every topic, once as much is there as on the tape; told broken at once when a stream is. */
async function published(place: string, events: number): Promise<Map<string, string[]>> {
  const until = Date.now() + CATCH_UP_MS;
  for (;;) {
    const values = new Map<string, string[]>();
    for (const topic of TOPICS) {
      const order = new PublishedOrder(true);
      const records = await recordsOn(place, topic);
      expect(records.map((record) => order.see(record)).filter((found) => found !== null)).toEqual([]);
      if (records.length > 0)
        values.set(
          topic,
          records.map(({ value }) => value),
        );
    }
    if (countOf(values) >= events || Date.now() > until) return values;
    await sleep(500);
  }
}

async function expectWhole({ tape, place }: Given): Promise<void> {
  const expected = await expectedOf(tape);
  const found = await published(place, countOf(expected));
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [topic, values] of expected) expect(found.get(topic)?.toSorted()).toEqual(values.toSorted());
}

describe('relays to Kafka', () => {
  it(`of which one after the other is killed, ${KILLS} times in all, lose and double nothing`, {
    timeout: KILLS * 10_000 + 120_000,
  }, async () => {
    process.stdout.write(`TAPEDECK_TEST_SEED=${SEED} TAPEDECK_TEST_KILLS=${KILLS}\n`);
    const random = seeded(SEED);
    const given = await givenTape();
    const append = appender(given.tape);
    let isOver = false;
    const appending = (async () => {
      while (!isOver) {
        await append(`feed-binance.S${Math.floor(random() * 12)}`, 1 + Math.floor(random() * 60));
        await sleep(5);
      }
    })();
    let atWork = 0;
    for (let kills = 0; kills < KILLS; kills++) {
      const child = given.start();
      // Some die while they open, most in the middle of transactions, some while another takes over from them.
      if (random() < 0.7) await child.saw('published');
      const other = random() < 0.3 ? given.start() : undefined;
      await sleep(random() * 400);
      if (child.output().includes('published')) atWork++;
      child.process.kill('SIGKILL');
      await child.ended;
      other?.process.kill('SIGKILL');
      await other?.ended;
    }
    isOver = true;
    await appending;
    const last = given.start();
    await expectWhole(given);
    expect(last.output()).toContain('relaying');
    expect(atWork).toBeGreaterThan(KILLS / 3);
    const { code, stdout } = await tapedeck(['consume', 'feeds', '--from-beginning', '--until-end', '--json'], {
      TAPEDECK_KAFKA: given.place,
    });
    expect(code).toBe(0);
    const { summary } = JSON.parse(stdout.trim().split('\n').at(-1) as string);
    expect(summary).toMatchObject({ streams: 12, breaks: 0 });
    await given.tape.close();
  });

  it('of which one is frozen and wakes up when another has taken over: it is shut out', async () => {
    const given = await givenTape();
    const append = appender(given.tape);
    await append('feed-binance.A', 400);
    const first = given.start();
    await first.saw('published');
    first.process.kill('SIGSTOP');
    await append('feed-binance.A', 300);
    const second = given.start();
    await second.saw('published');
    await append('feed-binance.B', 300);
    first.process.kill('SIGCONT');
    await append('feed-binance.A', 300);
    await first.saw('waiting');
    await expectWhole(given);
    await given.tape.close();
  });

  it('that run at once, without a lease, take turns', async () => {
    const given = await givenTape();
    const append = appender(given.tape);
    const both = [given.start(), given.start()];
    for (let turn = 0; turn < 40; turn++) {
      await append('feed-binance.A', 20);
      await sleep(50);
    }
    await expectWhole(given);
    expect(both.map((child) => child.process.exitCode)).toEqual([null, null]);
    await given.tape.close();
  });

  it('go on when the broker has died and is back', async ({ skip }) => {
    const broker = kafka.local() ?? skip(NOT_OURS);
    const given = await givenTape();
    const append = appender(given.tape);
    const states: string[] = [];
    const relay = startRelay({
      events: given.tape,
      publisher: await openPublisher(given.place, silent, systemTime),
      time: systemTime,
      log: silent,
      onState: (state) => states.push(state),
    });
    await append('feed-binance.A', 200);
    await expect.poll(() => relay.lag(), { timeout: 30_000 }).toEqual({ caughtUp: true, lagMs: 0 });
    await broker.kill();
    for (let turn = 0; turn < 30; turn++) await append('feed-binance.A', 400);
    await expect.poll(() => states, { timeout: 60_000 }).toContain('waiting');
    expect(relay.progress().queuedEvents).toBeLessThanOrEqual(5_000);
    expect(relay.progress().reason).toContain('Kafka at 127.0.0.1');
    await broker.restart();
    await expectWhole(given);
    await expect.poll(() => relay.lag(), { timeout: 60_000 }).toEqual({ caughtUp: true, lagMs: 0 });
    await relay.close();
    await given.tape.close();
  });
});

describe('tapedeck consume', () => {
  it('exits with 1 when a stream has a gap, and says where', async () => {
    const given = await givenTape();
    await appender(given.tape)('feed-binance.A', 5);
    const session = await (await openPublisher(given.place, silent, systemTime)).open(new AbortController().signal);
    const events = await given.tape.read({ limit: 10 });
    const some = events.filter(({ revision }) => revision !== 2).map(publicationOf);
    await session.publish(some, { tape: 'a tape', position: '5' });
    await session.close();
    const { code, stdout } = await tapedeck(['consume', 'tapedeck.feeds', '--from-beginning', '--limit', '4', '--json'], {
      TAPEDECK_KAFKA: given.place,
    });
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual({
      break: {
        kind: 'gap',
        stream: 'feed-binance.A',
        expected: 2,
        revision: 3,
        partition: expect.any(Number),
        offset: expect.any(String),
      },
    });
    expect(lines.at(-1)).toEqual({ summary: { records: 4, streams: 1, breaks: 1 } });
    await given.tape.close();
  });

  it('could not, without brokers or a topic that there is', async () => {
    expect(await tapedeck(['consume', 'feeds'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('TAPEDECK_KAFKA is not set'),
    });
    const env = { TAPEDECK_KAFKA: kafka.place() };
    expect(await tapedeck(['consume', 'feeds'], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no topic'),
    });
    expect(await tapedeck(['consume', 'weather'], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the topics are bars'),
    });
  });
});
