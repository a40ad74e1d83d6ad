/** An engine that decides only while it leads: what is left of it, and on the read store, when its tenure is over. */

import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { EVIDENCE_CATEGORIES } from '../../../src/domain/streams.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';

const INGEST = { actor: 'ingest', codeVersion: 'one' };
const BARS = minuteBars(zigzag(48));
const PARTS = [BARS.slice(0, 12), BARS.slice(12, 24), BARS.slice(24, 36), BARS.slice(36)];

class NotMyLease extends Error {}

interface Choices {
  readonly codeVersion?: string;
  readonly mayRollBack?: boolean;
  readonly decide?: (engine: Engine) => Engine['decide'];
}

/** Decides nothing, whatever it is given, where other builds do. */
const nothing: Choices['decide'] = (engine) => (evidence) => {
  engine.adopt(evidence, []);
  return [];
};

/** A tape without a lock, and instances of the engine that share its checkpoint. */
async function givenTape() {
  const clock = tickingClock();
  const store = openMemoryEventStore({ time: clock, hasLock: false });
  await applySettings(store, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  const recorder = new EvidenceRecorder(store, systemTime);
  const checkpoint = { position: START, of: new Map<string, string>() };

  function instance({ codeVersion = 'one', mayRollBack = false, decide }: Choices = {}) {
    /** What may be seen of it: engines made, reads of the evidence from its beginning, appends; whether it leads; what happens meanwhile. */
    const seen = {
      engines: 0,
      fromTheStart: 0,
      appends: 0,
      isLeader: true,
      onPage: (): void => {},
      onSave: async (): Promise<void> => {},
    };
    const linked = alteredEvents(store, {
      append: (...append) => {
        seen.appends++;
        return store.append(...append);
      },
      read: async (query) => {
        if (query.categories === EVIDENCE_CATEGORIES && query.after === START) seen.fromTheStart++;
        const page = await store.read(query);
        if (query.categories === EVIDENCE_CATEGORIES) seen.onPage();
        return page;
      },
    });
    const runner = new EngineRunner({
      store: linked,
      codeVersion,
      mayRollBack,
      clock,
      makeEngine: () => {
        seen.engines++;
        const engine = smallEngine(codeVersion);
        if (decide !== undefined) engine.decide = decide(engine);
        return engine;
      },
      checkpoint: {
        assertSameTape: async () => {},
        load: async (activation) => checkpoint.of.get(activation) ?? START,
        save: async (activation, position) => {
          await seen.onSave();
          checkpoint.position = position;
          checkpoint.of.set(activation, position);
        },
      },
      assertLeader: () => {
        if (!seen.isLeader) throw new NotMyLease();
      },
    });
    return { runner, seen };
  }
  return { store, checkpoint, instance, record: (part: typeof BARS) => recorder.record(part, INGEST) };
}

/** The tape of one engine that decides all the time, but for which build was activated when. */
async function madeByOne(): Promise<unknown> {
  const tape = await givenTape();
  const { runner } = tape.instance();
  for (const part of PARTS) {
    await tape.record(part);
    await runner.catchUp();
  }
  return decidedOn(tape.store);
}

async function decidedOn(store: EventStore): Promise<unknown> {
  const tape = (await wholeTape(store)).filter(({ type }) => type !== 'EngineActivated');
  return factsOf(tape.map((event) => (event.stream === 'engine' ? { ...event, revision: 0 } : event)));
}

describe('an engine whose tenure is over', () => {
  it('keeps its state: it follows, and decides again, from where it was', async () => {
    const tape = await givenTape();
    const [a, b] = [tape.instance(), tape.instance()];
    await tape.record(PARTS[0] ?? []);
    await a.runner.catchUp();
    const from = a.runner.reached?.position;
    await a.runner.standDown();
    a.seen.fromTheStart = 0;
    expect(a.runner.reached?.position).toBe(from);
    expect(a.runner.claim()).toBeNull();
    const appended = a.seen.appends;
    for (const part of PARTS.slice(1, 3)) {
      await tape.record(part);
      await b.runner.catchUp();
      await a.runner.follow();
    }
    expect(a.seen.appends).toBe(appended);
    await b.runner.standDown();
    await tape.record(PARTS[3] ?? []);
    await a.runner.catchUp();
    expect(await decidedOn(tape.store)).toEqual(await madeByOne());
    expect(a.seen).toMatchObject({ engines: 1, fromTheStart: 0 });
  });

  it('stands by from its next look on, and decides with nobody until it takes over again', async () => {
    const tape = await givenTape();
    const a = tape.instance();
    await tape.record(PARTS[0] ?? []);
    await a.runner.catchUp();
    const claimed = a.runner.claim();
    expect(claimed).not.toBeNull();
    if (claimed !== null) a.runner.release(claimed, { made: [] });
    const appended = a.seen.appends;
    await tape.record(PARTS[1] ?? []);
    await expect(a.runner.follow()).resolves.toBeNull();
    expect(a.runner.claim()).toBeNull();
    expect(a.seen.appends).toBe(appended);
    await a.runner.catchUp();
    expect(a.seen.appends).toBeGreaterThan(appended);
    expect(a.seen.engines).toBe(1);
  });

  it('lets another build take over and decides nothing, until it is put back', async () => {
    const tape = await givenTape();
    const a = tape.instance();
    await tape.record(PARTS[0] ?? []);
    await a.runner.catchUp();
    await a.runner.standDown();
    const appended = a.seen.appends;
    a.seen.fromTheStart = 0;
    const newer = tape.instance({ codeVersion: 'two' });
    await tape.record(PARTS[1] ?? []);
    await newer.runner.catchUp();
    await a.runner.follow();
    await tape.record(PARTS[2] ?? []);
    await a.runner.follow();
    expect(a.seen.appends).toBe(appended);
    await newer.runner.catchUp();
    const putBack = tape.instance({ mayRollBack: true });
    await putBack.runner.catchUp();
    await a.runner.follow();
    await tape.record(PARTS[3] ?? []);
    await a.runner.catchUp();
    expect(await decidedOn(tape.store)).toEqual(await madeByOne());
    const activated = (await wholeTape(tape.store)).filter(({ type }) => type === 'EngineActivated');
    expect(activated.map(({ metadata }) => metadata.codeVersion)).toEqual(['one', 'two', 'one']);
    expect(a.seen).toMatchObject({ engines: 1, fromTheStart: 0 });
  });

  it('is found out before the next page, with nothing thrown away', async () => {
    const tape = await givenTape();
    const a = tape.instance();
    await tape.record(PARTS[0] ?? []);
    await a.runner.catchUp();
    const appended = a.seen.appends;
    a.seen.fromTheStart = 0;
    await tape.record(PARTS[1] ?? []);
    a.seen.isLeader = false;
    await expect(a.runner.catchUp()).rejects.toThrow(NotMyLease);
    await a.runner.standDown();
    await a.runner.follow();
    expect(a.seen).toMatchObject({ engines: 1, fromTheStart: 0, appends: appended });
  });

  it('does not raise the checkpoint, and forgets what it passed over: another build may decide on that', async () => {
    const tape = await givenTape();
    const a = tape.instance({ decide: nothing });
    await a.runner.catchUp();
    const before = tape.checkpoint.position;
    await tape.record(PARTS[0] ?? []);
    // It was frozen while it read.
    a.seen.onPage = () => {
      a.seen.isLeader = false;
    };
    await expect(a.runner.catchUp()).rejects.toThrow(NotMyLease);
    expect(tape.checkpoint.position).toBe(before);
    await a.runner.standDown();
    await tape.instance({ codeVersion: 'two' }).runner.catchUp();
    expect((await wholeTape(tape.store)).some(({ type }) => type === 'SignalGenerated')).toBe(true);
    await a.runner.follow();
    expect(a.seen.engines).toBe(2);
  });

  it('forgets what it passed over, too, when its tenure ends while the checkpoint is being saved: another build has not seen that', async () => {
    const tape = await givenTape();
    const a = tape.instance({ decide: nothing });
    await a.runner.catchUp();
    await tape.record(PARTS[0] ?? []);
    a.seen.onSave = async () => {
      a.seen.isLeader = false;
      await tape.instance({ codeVersion: 'two' }).runner.catchUp();
    };
    await expect(a.runner.catchUp()).rejects.toThrow(NotMyLease);
    await a.runner.standDown();
    expect((await wholeTape(tape.store)).some(({ type }) => type === 'SignalGenerated')).toBe(true);
    await a.runner.follow();
    expect(a.seen.engines).toBe(2);
  });

  it('is thrown away after a failure, which may have left it ahead of the tape', async () => {
    const tape = await givenTape();
    const a = tape.instance();
    await a.runner.catchUp();
    await tape.record(PARTS[0] ?? []);
    a.seen.onPage = () => {
      throw new Error('the tape is away');
    };
    await expect(a.runner.catchUp()).rejects.toThrow('the tape is away');
    await a.runner.standDown();
    a.seen.onPage = () => {};
    await a.runner.follow();
    expect(a.seen.engines).toBe(2);
  });
});

describe('evidence that a build passed over', () => {
  it.each([
    ['a new instance', false],
    ['one that stood by', true],
  ])(
    'is decided by the build that took over before that was saved, should it come to that only in %s',
    async (_what, hasStoodBy) => {
      const tape = await givenTape();
      const [a, next] = [tape.instance({ decide: nothing }), tape.instance({ codeVersion: 'two' })];
      await a.runner.catchUp();
      if (hasStoodBy) await next.runner.follow();
      await tape.record(PARTS[0] ?? []);
      a.seen.onSave = async () => {
        const killed = () => () => {
          throw new Error('killed');
        };
        await expect(tape.instance({ codeVersion: 'two', decide: killed }).runner.catchUp()).rejects.toThrow('killed');
      };
      // Frozen between asking whether it leads and saving.
      await expect(a.runner.catchUp()).rejects.toThrow('has taken over');
      const { activations, signals } = await activationsAndSignals(tape.store);
      expect([activations, signals]).toEqual([['one', 'two'], 0]);
      if (hasStoodBy) await next.runner.follow();
      await next.runner.catchUp();
      expect((await activationsAndSignals(tape.store)).signals).toBeGreaterThan(0);
    },
  );

  it('is forgotten by a standby that had it for decided, which adopts again instead of finding a difference', async () => {
    const tape = await givenTape();
    const [a, standby] = [tape.instance({ decide: nothing }), tape.instance()];
    await a.runner.catchUp();
    const before = new Map(tape.checkpoint.of);
    await tape.record(PARTS[0] ?? []);
    await a.runner.catchUp();
    await standby.runner.follow();
    expect(standby.runner.reached?.position).toBe(a.runner.reached?.position);
    const after = new Map(tape.checkpoint.of);
    // The other build looks at the checkpoint before it is raised.
    for (const [activation, position] of before) tape.checkpoint.of.set(activation, position);
    const b = tape.instance({ codeVersion: 'two' });
    await b.runner.catchUp();
    for (const [activation, position] of after) tape.checkpoint.of.set(activation, position);
    await expect(standby.runner.follow()).resolves.toContain('was replaced by two');
    expect(standby.runner.reached?.position).toBe(b.runner.reached?.position);
    expect(standby.seen.engines).toBe(2);
  });

  it('stays decided for a standby that takes over without having looked since that build did', async () => {
    const tape = await givenTape();
    const [a, b] = [tape.instance(), tape.instance({ codeVersion: 'two', decide: nothing })];
    const standby = tape.instance({ codeVersion: 'three' });
    await a.runner.catchUp();
    await standby.runner.follow();
    await b.runner.catchUp();
    await tape.record(PARTS[0] ?? []);
    await b.runner.catchUp();
    await b.runner.standDown();
    await standby.runner.catchUp();
    expect(await activationsAndSignals(tape.store)).toEqual({ activations: ['one', 'two', 'three'], signals: 0 });
  });

  it('stays decided for a build that took over behind it', async () => {
    const tape = await givenTape();
    const [a, standby] = [tape.instance({ decide: nothing }), tape.instance()];
    await a.runner.catchUp();
    await tape.record(PARTS[0] ?? []);
    await a.runner.catchUp();
    await standby.runner.follow();
    await tape.instance({ codeVersion: 'two' }).runner.catchUp();
    expect(await activationsAndSignals(tape.store)).toEqual({ activations: ['one', 'two'], signals: 0 });
    await standby.runner.follow();
    expect(standby.seen.engines).toBe(1);
  });
});

async function activationsAndSignals(store: EventStore) {
  const tape = await wholeTape(store);
  return {
    activations: tape.flatMap((event) => (event.type === 'EngineActivated' ? [event.data.codeVersion] : [])),
    signals: tape.filter(({ type }) => type === 'SignalGenerated').length,
  };
}
