/** Two builds on backends: a rolling upgrade and a rollback lose and double nothing, and a build that was replaced stands by. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { codeVersion } from '../../src/runtime/engine/code-version.ts';
import { comparePositions, isDecision, type RecordedEvent } from '../../src/tape/envelope.ts';
import { HEADER } from '../../src/tape/publication.ts';
import { endChildrenAfterwards } from '../support/child.ts';
import { type Contents, differencesOf, digestsOf, type SentRecord } from '../support/digests.ts';
import { writeOtherBuild } from '../support/other-build.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { startLocalFerretDb } from './ferretdb/local-ferretdb.ts';
import { type Instance, until } from './instance.ts';
import { startLocalKafka } from './kafka/local-kafka.ts';
import { embeddedContents, Round } from './round.ts';

endChildrenAfterwards();
const { path: folder } = new TemporaryFolder();

/** The session of the frames takes over two minutes at 1, with a decision every three seconds. */
const [CANDLES, FRAMES] = [20, 16_000];
const SESSION = 'feed-binance.BTCUSDT';
const PACE = ['--pace', '3'];
const LEASE_SECONDS = 2;
const MOST_SECONDS = 300;
const PAGE = 500;
/** More evidence than ever comes between two cascades. */
const EVIDENCE_OF_A_CASCADE = 25;

type Cascade = Extract<RecordedEvent, { type: 'CascadeDecided' }>;
type Activation = Extract<RecordedEvent, { type: 'EngineActivated' }>;

/** A run, and its tape as this test has it open. */
interface Played {
  readonly round: Round;
  readonly tape: EventStore;
}

describe('two builds on backends, while a session is played,', () => {
  const older = codeVersion();
  let newerProgram: string;
  let mongo: Awaited<ReturnType<typeof startLocalFerretDb>>;
  let kafka: Awaited<ReturnType<typeof startLocalKafka>>;
  let settings: string;
  let expected: Contents;
  beforeAll(async () => {
    newerProgram = writeOtherBuild(`${folder}/newer`);
    settings = writeRecordedHeads(folder, CANDLES, FRAMES);
    [mongo, kafka, expected] = await Promise.all([
      startLocalFerretDb(),
      startLocalKafka(),
      embeddedContents(folder, settings, MOST_SECONDS),
    ]);
  });
  afterAll(() => Promise.all([mongo?.stop(), kafka?.stop()]));

  /** Lets builds change on a round at work, and sees that it leaves what one build leaves, decided by these builds in turn. */
  async function leavesTheSame(name: string, change: (played: Played) => Promise<readonly string[]>): Promise<void> {
    const env = { TAPEDECK_SETTINGS: settings, TAPEDECK_LEASE_SECONDS: String(LEASE_SECONDS) };
    const round = await Round.begin(name, { folder, backends: { mongo: mongo.address, kafka: kafka.address }, env });
    const tape = await openEventStore(round.eventStore.address, systemTime);
    try {
      const builds = await change({ round, tape });
      const { length } = round.eventStore;
      process.stdout.write(`${name}: the last build decides when ${length} of ${expected.tape.length} events are recorded\n`);
      expect(length).toBeLessThan(expected.tape.length);
      const actual = await round.finish(withTakeovers(expected, builds.length - 1), MOST_SECONDS);
      expect(differencesOf(asOfOneBuild(expected), asOfOneBuild(actual))).toEqual([]);
      expect(digestsOf(asOfOneBuild(actual))).toEqual(digestsOf(asOfOneBuild(expected)));
      assertDecidedInTurn(actual.tape, builds);
    } finally {
      await tape.close();
      await round.end();
    }
  }

  it('hand over in a rolling upgrade', { timeout: MOST_SECONDS * 2_000 }, () =>
    leavesTheSame('upgrade', async (played) => {
      const { round } = played;
      round.startInstance(...PACE);
      round.startInstance(...PACE);
      await isPlaying(played);
      const last = await decider(round);
      const first = round.instances.find((instance) => instance !== last) as Instance;
      await first.stop();
      first.start(newerProgram);
      await serves(first);
      expect(await decides(first)).toBe(false);
      // Half-way through the upgrade the older build is held up in the midst of whatever it does.
      last.freeze();
      await decides(first, round);
      const newer = buildOf(first);
      last.thaw();
      await standsBy(last, older, newer, round);
      await decidesFurther(played);
      expect(await decides(first)).toBe(true);
      await last.stop();
      last.start(newerProgram);
      await serves(last);
      await decidesFurther(played);
      // Of two instances of a build any may decide.
      await first.stop();
      await decides(last, round);
      await decidesFurther(played);
      return [older, newer];
    }),
  );

  it('hand back in a rollback, when a person says so', { timeout: MOST_SECONDS * 2_000 }, () =>
    leavesTheSame('rollback', async (played) => {
      const { round } = played;
      const upgraded = round.startInstance(...PACE);
      await isPlaying(played);
      await upgraded.stop();
      upgraded.start(newerProgram);
      await serves(upgraded);
      const newer = buildOf(upgraded);
      await decides(upgraded, round);
      const replaced = round.startInstance(...PACE);
      await standsBy(replaced, older, newer, round);
      await decidesFurther(played);
      // Nobody decides now: the older build does not come back by itself, though it goes on with whatever else there is.
      upgraded.freeze();
      await sleep(3 * LEASE_SECONDS * 1_000);
      const before = (await cascadesOn(played)).length;
      await recordsFurther(played);
      expect((await cascadesOn(played)).length).toBe(before);
      expect(await decides(replaced)).toBe(false);
      const putBack = round.startInstance('--roll-back', ...PACE);
      await decides(putBack, round);
      upgraded.thaw();
      await standsBy(upgraded, newer, older, round);
      await decidesFurther(played);
      // From now on it needs no person's word.
      await putBack.kill();
      await decides(replaced, round);
      await decidesFurther(played);
      expect(await decides(upgraded)).toBe(false);
      return [older, newer, older];
    }),
  );
});

/** Waits until the session is played, and something was decided in it. */
async function isPlaying(played: Played): Promise<void> {
  const { round, tape } = played;
  const begun = async (): Promise<boolean> => (await tape.read({ stream: SESSION, limit: 1 })).length > 0;
  await until('the session to begin', MOST_SECONDS, round.instances, begun);
  await decidesFurther(played);
}

/** Waits until two pieces of evidence more have led to something. */
async function decidesFurther(played: Played): Promise<void> {
  const before = (await cascadesOn(played)).length;
  const further = async (): Promise<boolean> => (await cascadesOn(played)).length >= before + 2;
  await until('two cascades more', MOST_SECONDS, played.round.instances, further);
}

/** Waits until so much more was recorded that something would have been decided on it. */
async function recordsFurther({ round: { eventStore, instances } }: Played): Promise<void> {
  const { length } = eventStore;
  await until('more evidence', MOST_SECONDS, instances, () => eventStore.length >= length + EVIDENCE_OF_A_CASCADE);
}

async function cascadesOn({ tape }: Played): Promise<Cascade[]> {
  const events = await tape.read({ stream: 'engine', limit: PAGE });
  return events.filter((event): event is Cascade => event.type === 'CascadeDecided');
}

/** What `/readyz` says: does this instance decide? With a round: waits until it does. */
async function decides(instance: Instance, round?: Round): Promise<boolean> {
  if (round !== undefined) return until(`${instance.name} to decide`, 60, round.instances, () => decides(instance));
  const answer = await fetch(`${instance.address}/readyz`, { signal: AbortSignal.timeout(5_000) });
  const { leases } = (await answer.json()) as { leases?: { name: string; here: boolean }[] };
  return leases?.some(({ name, here }) => name === 'engine' && here) ?? false;
}

function decider(round: Round): Promise<Instance> {
  return until('one to decide', 60, round.instances, async () => {
    const answers = await Promise.all(round.instances.map((instance) => decides(instance)));
    return round.instances.find((_, index) => answers[index]);
  });
}

/** Waits until it has started: all of its parts run or stand by. */
async function serves(instance: Instance): Promise<void> {
  await until(`${instance.name} to serve`, 60, [instance], () => instance.output.includes('"msg":"serving '));
}

/** Waits until it says that it stands by because of the build that has replaced it. */
async function standsBy(instance: Instance, build: string, by: string, round: Round): Promise<void> {
  const words = `the engine stands by: this build (${build}) was replaced by ${by} on this tape`;
  await until(`${instance.name} to say that it stands by`, 60, round.instances, () => instance.output.includes(words));
  expect(await decides(instance)).toBe(false);
}

/** The build that an instance says it is of. */
function buildOf({ output }: Instance): string {
  const build = /"codeVersion":"([^"]+)"/.exec(output)?.[1];
  if (build === undefined) throw new Error(`it does not name its build: ${output}`);
  return build;
}

/** As much as one build leaves, and so many events more that say that another took over. */
function withTakeovers(contents: Contents, takeovers: number): Contents {
  const activation = contents.tape.findIndex(({ type }) => type === 'EngineActivated');
  const more = <T>(items: readonly T[]): T[] => [...items, ...Array<T>(takeovers).fill(items[activation] as T)];
  return { ...contents, tape: more(contents.tape), records: more(contents.records) };
}

/** But for who decided what: so it is the same whoever did. */
function asOfOneBuild({ tape, documents, records }: Contents): Contents {
  let revision = 0;
  const ofOneBuild = (record: SentRecord): SentRecord => {
    const { metadata, ...envelope } = JSON.parse(record.value);
    const { codeVersion: _build, ...told } = metadata;
    if (record.headers[HEADER.stream] === 'engine') envelope.revision = revision++;
    const value = JSON.stringify({ ...envelope, metadata: told });
    return { ...record, value, headers: { ...record.headers, [HEADER.revision]: String(envelope.revision) } };
  };
  return {
    tape: tape.filter(({ type }) => type !== 'EngineActivated'),
    documents,
    records: records.filter(({ headers }) => headers[HEADER.type] !== 'EngineActivated').map(ofOneBuild),
  };
}

/**
 * The builds were activated in this order. Each decided, for the evidence behind that with which it was activated, and
 * nobody else did; every decision names the build whose cascade it is of, and no evidence has two cascades.
 */
function assertDecidedInTurn(tape: readonly RecordedEvent[], builds: readonly string[]): void {
  const turns = turnsOf(tape);
  expect(turns.map(({ activation }) => activation.data.codeVersion)).toEqual(builds);
  const positions = new Map(tape.map(({ id, position }) => [id, position]));
  const positionOf = ({ data }: Cascade): string => positions.get(data.evidenceId) as string;
  for (const [index, { activation, cascades }] of turns.entries()) {
    const { codeVersion: build, after } = activation.data;
    expect(cascades.length).toBeGreaterThan(0);
    expect([...new Set(cascades.map(({ metadata }) => metadata.codeVersion))]).toEqual([build]);
    if (index === 0) continue;
    const begins = positions.get(after as string) as string;
    expect(turns[index - 1]?.cascades.every((cascade) => comparePositions(positionOf(cascade), begins) <= 0)).toBe(true);
    expect(cascades.every((cascade) => comparePositions(positionOf(cascade), begins) > 0)).toBe(true);
  }
  const cascades = turns.flatMap((turn) => turn.cascades);
  expect(new Set(cascades.map(({ data }) => `${data.evidenceId} ${data.part}`)).size).toBe(cascades.length);
  const buildOfDecision = new Map(
    cascades.flatMap(({ data, metadata }) => data.decisions.map(({ id }) => [id, metadata.codeVersion] as const)),
  );
  const decisions = tape.filter((event) => isDecision(event));
  expect(decisions.length).toBe(buildOfDecision.size);
  expect(decisions.filter(({ id, metadata }) => buildOfDecision.get(id) !== metadata.codeVersion)).toEqual([]);
}

/** The stream `engine`: each activation, and the cascades until the next. */
function turnsOf(tape: readonly RecordedEvent[]): { readonly activation: Activation; readonly cascades: Cascade[] }[] {
  const turns: { readonly activation: Activation; readonly cascades: Cascade[] }[] = [];
  for (const event of tape) {
    if (event.type === 'EngineActivated') turns.push({ activation: event, cascades: [] });
    if (event.type === 'CascadeDecided') turns.at(-1)?.cascades.push(event);
  }
  return turns;
}
