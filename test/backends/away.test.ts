/** A backend that is away, when a process starts or later: the process stays, says which, goes on, and has lost nothing. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endChildrenAfterwards } from '../support/child.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { startLocalFerretDb } from './ferretdb/local-ferretdb.ts';
import { type Instance, until } from './instance.ts';
import { startLocalKafka } from './kafka/local-kafka.ts';
import { Round } from './round.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();
const MOST_SECONDS = 120;
const ORDER = { account: 'paper-binance', venue: 'binance', symbol: 'BTCUSDT', side: 'buy', type: 'market', quantity: '0.001' };

interface Backend {
  /** Nobody can reach it any more. */
  readonly leave: (round: Round) => Promise<void>;
  readonly comeBack: (round: Round) => Promise<void>;
  /** How a process names it when it waits for it. */
  readonly name: RegExp;
}

describe('a process', () => {
  let mongo: Awaited<ReturnType<typeof startLocalFerretDb>>;
  let kafka: Awaited<ReturnType<typeof startLocalKafka>>;
  let settings: string;
  beforeAll(async () => {
    settings = writeRecordedHeads(folder, 20, 600);
    [mongo, kafka] = await Promise.all([startLocalFerretDb(), startLocalKafka()]);
  });
  afterAll(() => Promise.all([mongo?.stop(), kafka?.stop()]));

  const backends: [string, Backend][] = [
    ['EventStoreDB', { leave: leaveTape, comeBack: comeBackTape, name: /EventStoreDB|event store/ }],
    ['MongoDB', { leave: () => mongo.kill(), comeBack: () => mongo.restart(), name: /MongoDB|read store/ }],
    ['Kafka', { leave: () => kafka.kill(), comeBack: () => kafka.restart(), name: /Kafka/ }],
  ];

  it.each(backends)(
    'waits for %s when it starts, and when it goes later',
    { timeout: MOST_SECONDS * 6_000 },
    async (name, backend) => {
      const env = { TAPEDECK_SETTINGS: settings, TAPEDECK_LEASE_SECONDS: '2' };
      const round = await Round.begin(`without-${name.toLowerCase()}`, {
        folder,
        backends: { mongo: mongo.address, kafka: kafka.address },
        env,
      });
      try {
        await backend.leave(round);
        const instance = round.startInstance();
        await waitsFor(backend.name, instance);
        await backend.comeBack(round);
        await isWell(instance);

        const accepted = await ordered(instance, 'before');
        expect(accepted.status).toBe(202);
        await backend.leave(round);
        await waitsFor(backend.name, instance);
        // Whatever it answers to an order now is kept to.
        const meanwhile = await ordered(instance, 'meanwhile');
        if (name === 'EventStoreDB') expect(meanwhile.status).toBe(503);
        await backend.comeBack(round);
        await isWell(instance);

        const again = await ordered(instance, 'meanwhile');
        expect([200, 202]).toContain(again.status);
        if (meanwhile.status < 300) expect(again.id).toBe(meanwhile.id);
        for (const { id } of [accepted, again]) {
          await until('what was decided on the order', MOST_SECONDS, [instance], async () => {
            const { status } = (await got(instance, `/v1/orders/${id}`)) as { status?: string };
            return status === 'denied';
          });
        }
        const { data } = (await got(instance, '/v1/events?category=request')) as { data: { type: string }[] };
        expect(data.filter(({ type }) => type === 'OrderRequested')).toHaveLength(2);
        await round.stopInstances();
      } finally {
        await round.end();
      }
    },
  );
});

function leaveTape({ eventStore }: Round): Promise<void> {
  return eventStore.leave();
}

function comeBackTape({ eventStore }: Round): Promise<void> {
  return eventStore.comeBack();
}

/** It lives, and `/readyz` names what it waits for. */
async function waitsFor(backend: RegExp, instance: Instance): Promise<void> {
  await until(`/readyz to name ${backend}`, MOST_SECONDS, [instance], async () => {
    const text = await (await fetch(`${addressOf(instance)}/readyz`)).text();
    if (backend.test(text)) return true;
    throw new Error(text);
  });
  expect((await fetch(`${addressOf(instance)}/livez`)).status).toBe(200);
}

/** It is ready, and waits for nothing. */
async function isWell(instance: Instance): Promise<void> {
  await until('/readyz', MOST_SECONDS, [instance], async () => {
    const response = await fetch(`${addressOf(instance)}/readyz`);
    const text = await response.text();
    if (response.ok && !text.includes('"awaited"')) return true;
    throw new Error(text);
  });
}

async function ordered(instance: Instance, key: string): Promise<{ readonly status: number; readonly id?: string }> {
  const response = await fetch(`${addressOf(instance)}/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(ORDER),
  });
  const body = (await response.json()) as { id?: string };
  return { ...body, status: response.status };
}

async function got(instance: Instance, path: string): Promise<unknown> {
  return (await fetch(`${addressOf(instance)}${path}`)).json();
}

function addressOf(instance: Instance): string {
  const { address } = instance;
  if (address === undefined) throw new Error('it does not serve yet');
  return address;
}
