import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';
import { Supervisor } from '../../../src/runtime/process/supervisor.ts';
import type { Relay } from '../../../src/runtime/relay/relay.ts';
import { relayPart } from '../../../src/runtime/relay/relay-part.ts';
import { run } from '../../contracts/tape-events.ts';
import { MemoryBroker } from '../../support/memory-publisher.ts';
import { hastyTime } from '../../support/test-time.ts';
import { until } from '../../support/until.ts';

const time = hastyTime();
const log = pino({ level: 'silent' });
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function someTape(): Promise<EventStore> {
  const tape = openMemoryEventStore({ time, hasLock: true });
  await tape.append('feed-binance.BTCUSDT', 'no-stream', run('feed-binance.BTCUSDT', 0, 4));
  return tape;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A process with the relay as its only part. */
function process(events: EventStore, publisher: MemoryBroker, leases?: LeaseKeeper) {
  const supervisor = new Supervisor(systemTime, () => {});
  closing.push(() => supervisor.close());
  let relay: Relay | null = null;
  const part = relayPart({ events, publisher, time, log }, leases?.lease('relay') ?? null, (running) => {
    relay = running;
  });
  supervisor.start('relay', part).catch(() => undefined);
  return { supervisor, relay: () => relay, state: () => supervisor.reports()[0]?.state };
}

describe('the relay of a process', () => {
  it('runs, waits with the reason while nobody answers, and runs again', async () => {
    const broker = new MemoryBroker();
    let isAway = false;
    broker.faultOf = () => (isAway ? 'before' : null);
    const tape = await someTape();
    const { supervisor, state } = process(tape, broker);
    await until(() => state() === 'running' && broker.published.length === 5);
    isAway = true;
    await tape.append('feed-binance.BTCUSDT', 4, run('feed-binance.BTCUSDT', 5, 5));
    await until(() => state() === 'waiting');
    expect(supervisor.reports()[0]?.reason).toContain('told to fail');
    isAway = false;
    await until(() => state() === 'running' && broker.published.length === 6);
    expect(supervisor.reports()[0]?.reason).toBeNull();
  });

  it('ends the process with what only a person can put right, when it starts', async () => {
    const broker = new MemoryBroker();
    broker.open = async () => {
      throw new StoreError('topic "x" has 3 partitions, not 6');
    };
    await expect(process(await someTape(), broker).supervisor.ended).rejects.toThrow('has 3 partitions');
  });

  it('stands by while another instance has the lease, and takes over when that ends', async () => {
    const tape = await someTape();
    const broker = new MemoryBroker();
    const leases = openMemoryLeases();
    const now = { ms: 0 };
    const time = { ...hastyTime(), monotonic: () => now.ms };
    const terms = (owner: string) => ({ leases, owner, holder: owner, lengthMs: 1_000, time });
    const [first, second] = ['a', 'b'].map((owner) => new LeaseKeeper(terms(owner), () => {})) as [LeaseKeeper, LeaseKeeper];
    const one = process(tape, broker, first);
    await until(() => one.state() === 'running');
    const other = process(tape, broker, second);
    for (let turns = 0; turns < 50; turns++) await turn();
    expect([other.state(), other.relay()]).toEqual(['standby', null]);
    await one.supervisor.close();
    await first.close();
    expect(one.relay()).toBeNull();
    await until(() => other.state() === 'running');
    await tape.append('feed-binance.BTCUSDT', 4, run('feed-binance.BTCUSDT', 5, 5));
    await until(() => broker.published.length === 6);
    await other.supervisor.close();
    await second.close();
  });

  it('lets another instance try when it fails again and again, and tries again itself when that has stopped', async () => {
    const tape = await someTape();
    const [broker, outOfReach] = [new MemoryBroker(), new MemoryBroker()];
    let isOut = true;
    outOfReach.faultOf = () => (isOut ? 'before' : null);
    const leases = openMemoryLeases();
    const terms = (owner: string) => ({ leases, owner, holder: owner, lengthMs: 1_000, time });
    const [first, second] = ['a', 'b'].map((owner) => new LeaseKeeper(terms(owner), () => {})) as [LeaseKeeper, LeaseKeeper];
    const one = process(tape, outOfReach, first);
    await until(() => one.state() === 'waiting');
    const other = process(tape, broker, second);
    await until(() => other.state() === 'running' && broker.published.length === 5);
    await until(() => one.state() === 'standby');
    expect(one.relay()).toBeNull();
    isOut = false;
    await other.supervisor.close();
    await second.close();
    await until(() => one.state() === 'running' && outOfReach.published.length === 5);
    await one.supervisor.close();
    await first.close();
  });
});
