import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import type { EventData } from '../../src/domain/catalogue.ts';
import { StoreError, StoreUnavailableError } from '../../src/ports/errors.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import {
  orderIdOf,
  RequestConflictError,
  type RequestContext,
  RequestOutcomeUnknownError,
  requestCancel,
  requestHalt,
  requestOrder,
  requestResume,
} from '../../src/requests/requests.ts';
import { InvalidEventError, START } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';
import { alteredEvents } from '../support/altered-stores.ts';
import { timeAt } from '../support/test-time.ts';

const clock = timeAt(Date.UTC(2025, 0, 1, 0, 0, 0, 7));

const ORDER: EventData['OrderRequested'] = {
  account: 'paper-1',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  quantity: '0.1',
  price: '50000',
  reason: null,
};

function write(store: EventStore = openMemoryEventStore({ time: clock, hasLock: true })): RequestContext {
  return { store, clock, actor: 'cli:bob', codeVersion: 'test' };
}

const wholeTape = (store: EventStore) => store.read({ after: START, limit: 100 });

/** A store whose first answers to an append are lost, after or before it was written. */
function forgetful(failures: number, when: 'before' | 'after', error = new Error('connection lost')) {
  const store = openMemoryEventStore({ time: clock, hasLock: true });
  let tries = 0;
  const append: EventStore['append'] = async (...args) => {
    tries++;
    if (tries > failures) return store.append(...args);
    if (when === 'after') await store.append(...args);
    throw error;
  };
  return { store: alteredEvents(store, { append }), tries: () => tries };
}

describe('a request', () => {
  it('is one event in a stream of its own, with who asks and when', async () => {
    const who = write();
    const { requestId, position, isRepeated } = await requestOrder(who, ORDER, 'k1');
    expect(requestId).toBe(makeId('OrderRequested|paper-1|k1'));
    expect(isRepeated).toBe(false);
    expect(await wholeTape(who.store)).toMatchObject([
      {
        id: requestId,
        stream: `request-${requestId}`,
        revision: 0,
        position,
        type: 'OrderRequested',
        data: ORDER,
        metadata: { actor: 'cli:bob', occurredAt: '2025-01-01T00:00:00.007Z', codeVersion: 'test', correlationId: requestId },
      },
    ]);
  });

  it('is one request however often, and by however many at once, it is made', async () => {
    const who = write();
    const first = await requestOrder(who, ORDER, 'k1');
    const later = { ...who, clock: { now: () => clock.now() + 60_000 }, actor: 'api:bob' };
    const repeats = await Promise.all([1, 2, 3].map(() => requestOrder(later, ORDER, 'k1')));
    for (const repeat of repeats) expect(repeat).toEqual({ ...first, isRepeated: true });
    expect(await wholeTape(who.store)).toHaveLength(1);
  });

  it('is refused when its key was used for something else', async () => {
    const who = write();
    await requestOrder(who, ORDER, 'k1');
    await expect(requestOrder(who, { ...ORDER, quantity: '0.2' }, 'k1')).rejects.toThrow(RequestConflictError);
    expect(await wholeTape(who.store)).toHaveLength(1);
  });

  it('is another one for another key, account, kind or thing asked about', async () => {
    const who = write();
    const orderId = makeId('an order');
    const other = makeId('another order');
    const halt = { mode: 'stop', cancelOpen: true, flatten: false, atLastPrice: false, reason: 'drill' } as const;
    const made = [
      await requestOrder(who, ORDER, 'k'),
      await requestOrder(who, ORDER, 'k2'),
      await requestOrder(who, { ...ORDER, account: 'paper-2' }, 'k'),
      await requestCancel(who, { orderId, account: 'paper-1', reason: null }, 'k'),
      await requestCancel(who, { orderId: other, account: 'paper-1', reason: null }, 'k'),
      await requestHalt(who, { scope: { account: 'paper-1' }, ...halt }, 'k'),
      await requestHalt(who, { scope: { strategy: 'paper-1' }, ...halt }, 'k'),
      await requestHalt(who, { scope: { all: true }, ...halt }, 'k'),
      await requestResume(who, { scope: { account: 'paper-1' }, reason: 'over' }, 'k'),
      await requestResume(who, { scope: { strategy: 'paper-1' }, reason: 'over' }, 'k'),
      await requestResume(who, { scope: { all: true }, reason: 'over' }, 'k'),
    ];
    expect(new Set(made.map(({ requestId }) => requestId)).size).toBe(made.length);
    expect(made.every(({ isRepeated }) => !isRepeated)).toBe(true);
  });

  it('belongs to the API key that it comes with: the same client key under another one is another request', async () => {
    const who = write();
    const alice = { ...who, actor: 'api:alice', keyName: 'alice' };
    const bob = { ...who, actor: 'api:bob', keyName: 'bob' };
    const first = await requestOrder(alice, ORDER, 'shared');
    const other = await requestOrder(bob, ORDER, 'shared');
    expect(other).toMatchObject({ isRepeated: false });
    expect(other.requestId).not.toBe(first.requestId);
    expect(await requestOrder(bob, { ...ORDER, quantity: '0.2' }, 'own')).toMatchObject({ isRepeated: false });
    expect(await requestOrder(alice, ORDER, 'shared')).toEqual({ ...first, isRepeated: true });
    await expect(requestOrder(alice, { ...ORDER, quantity: '0.2' }, 'shared')).rejects.toThrow(RequestConflictError);
    expect((await wholeTape(who.store)).map(({ metadata }) => metadata.actor)).toEqual(['api:alice', 'api:bob', 'api:bob']);
    // Nor can a client without a key make up a key that is another's.
    for (const made of ['alice|paper-1|shared', 'by alice|paper-1|shared', 'by alice|shared']) {
      expect(await requestOrder(who, ORDER, made)).toMatchObject({ isRepeated: false });
    }
  });

  it('that takes several events stands in one stream, and is one request when it is repeated, with other steps too', async () => {
    const who = write();
    const close = { mode: 'reduce-only', cancelOpen: true, flatten: true, atLastPrice: true, reason: 'it is over' } as const;
    const halt = (steps: number, reason: string = close.reason) =>
      requestHalt(who, { scope: { all: true }, ...close, reason }, 'k', steps);
    const { requestId, position, isRepeated } = await halt(3);
    expect(isRepeated).toBe(false);
    const tape = await wholeTape(who.store);
    const types = ['TradingHaltRequested', 'TradingHaltContinued', 'TradingHaltContinued', 'TradingHaltContinued'];
    expect(tape.map(({ type }) => type)).toEqual(types);
    expect(new Set(tape.map(({ stream }) => stream))).toEqual(new Set([`request-${requestId}`]));
    expect(new Set(tape.map(({ metadata }) => metadata.correlationId))).toEqual(new Set([requestId]));
    expect(tape.at(-1)?.position).toBe(position);
    for (const steps of [0, 1, 3, 5]) expect(await halt(steps)).toMatchObject({ requestId, isRepeated: true });
    await expect(halt(5, 'for another reason')).rejects.toThrow(RequestConflictError);
    expect(await wholeTape(who.store)).toEqual(tape);
  });

  describe('that an older build recorded, whose id knew of no API key', () => {
    const DAY_MS = 86_400_000;
    const alice = (who: RequestContext, afterMs = 0): RequestContext => ({
      ...who,
      actor: 'api:alice',
      keyName: 'alice',
      clock: { now: () => clock.now() + afterMs },
    });

    it.each([0, 7 * DAY_MS - 1])('is the one that is sent again, %i ms later', async (afterMs) => {
      const who = write();
      const old = await requestOrder({ ...who, actor: 'api:alice' }, ORDER, 'k');
      expect(old.requestId).toBe(makeId('OrderRequested|paper-1|k'));
      expect(await requestOrder(alice(who, afterMs), ORDER, 'k')).toEqual({ ...old, isRepeated: true });
      const changed = requestOrder(alice(who, afterMs), { ...ORDER, quantity: '0.2' }, 'k');
      await expect(changed).rejects.toThrow(RequestConflictError);
      expect(await wholeTape(who.store)).toHaveLength(1);
    });

    it('is forgotten after 7 days', async () => {
      const who = write();
      await requestOrder({ ...who, actor: 'api:alice' }, ORDER, 'k');
      expect(await requestOrder(alice(who, 7 * DAY_MS), ORDER, 'k')).toMatchObject({ isRepeated: false });
    });

    it("is nobody else's", async () => {
      const who = write();
      await requestOrder({ ...who, actor: 'api:bob' }, ORDER, 'k');
      expect(await requestOrder(alice(who), { ...ORDER, quantity: '0.2' }, 'k')).toMatchObject({ isRepeated: false });
    });
  });

  it('is not recorded when it does not fit', async () => {
    const who = write();
    await expect(requestOrder(who, { ...ORDER, quantity: '-1' }, 'k')).rejects.toThrow(InvalidEventError);
    expect(await wholeTape(who.store)).toEqual([]);
  });

  it.each(['before', 'after'] as const)('is made again, and is one, when the answer is lost %s the append', async (when) => {
    const { store, tries } = forgetful(2, when);
    const { requestId } = await requestOrder(write(store), ORDER, 'k');
    expect(tries()).toBe(3);
    expect((await wholeTape(store)).map(({ id }) => id)).toEqual([requestId]);
  });

  it('that was just recorded is not read back', async () => {
    const { store } = forgetful(0, 'before');
    const unread = alteredEvents(store, { read: async () => Promise.reject(new Error('it was read')) });
    expect(await requestOrder(write(unread), ORDER, 'k')).toMatchObject({ isRepeated: false });
    expect(await wholeTape(store)).toHaveLength(1);
  });

  it('that is repeated is not refused as if it were not recorded, when only reading it back fails', async () => {
    const { store } = forgetful(0, 'before');
    await requestOrder(write(store), ORDER, 'k');
    const away = new StoreUnavailableError('event store', 'no answer');
    const unread = alteredEvents(store, { read: async () => Promise.reject(away) });
    await expect(requestOrder(write(unread), ORDER, 'k')).rejects.toThrow(RequestOutcomeUnknownError);
    expect(await requestOrder(write(store), ORDER, 'k')).toMatchObject({ isRepeated: true });
    expect(await wholeTape(store)).toHaveLength(1);
  });

  it('says so when its outcome stays unknown, and can be made again', async () => {
    const { store } = forgetful(3, 'after');
    await expect(requestOrder(write(store), ORDER, 'k')).rejects.toThrow(RequestOutcomeUnknownError);
    expect(await requestOrder(write(store), ORDER, 'k')).toMatchObject({ isRepeated: true });
    expect(await wholeTape(store)).toHaveLength(1);
  });

  it('is told to be made again by whom it is from, when the store is away', async () => {
    const { store, tries } = forgetful(1, 'after', new StoreUnavailableError('event store', 'no answer within 10 s'));
    await expect(requestOrder(write(store), ORDER, 'k')).rejects.toThrow(RequestOutcomeUnknownError);
    expect(tries()).toBe(1);
    expect(await requestOrder(write(store), ORDER, 'k')).toMatchObject({ isRepeated: true });
    expect(await wholeTape(store)).toHaveLength(1);
  });

  it('is not made again when the store refuses it', async () => {
    const { store, tries } = forgetful(1, 'before', new StoreError('the disk is full'));
    await expect(requestOrder(write(store), ORDER, 'k')).rejects.toThrow('the disk is full');
    expect(tries()).toBe(1);
  });

  it("names the order's id before anybody decided", () => {
    const requestId = makeId('OrderRequested|paper-1|k1');
    expect(orderIdOf(requestId)).toBe(makeId(`order|${requestId}`));
  });
});
