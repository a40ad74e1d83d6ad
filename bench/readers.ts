/**
 * `npm run bench:readers [-- --seconds 60 --rate 2000 --pace 10 --rounds 2]`: a session is played, in turn without and
 * with readers, each time on a tape of its own. Ends with 1 unless every read is answered, both tapes hold the same
 * events, memory stays flat, and the engine's p99 with readers is at most 1.5 times that without.
 *
 * The engine's time is that of a step: from evidence that is due to evidence and decisions on the disk.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEventStore, openReadStore, openRecording } from '../src/adapters/open.ts';
import { systemTime } from '../src/adapters/system-time.ts';
import { startApiThread } from '../src/api/thread/api-thread.ts';
import { readConfig } from '../src/config/environment.ts';
import { makeLogger, openLogOutput } from '../src/logging.ts';
import type { EventStore } from '../src/ports/event-store.ts';
import { eventsOf } from '../src/ports/pages.ts';
import { applySettings } from '../src/requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../src/requests/settings-file.ts';
import type { EvidenceSink } from '../src/runtime/ingest/evidence-sink.ts';
import { findFeed, runFeeds } from '../src/runtime/ingest/feed-run.ts';
import { Pacing } from '../src/runtime/ingest/pacing.ts';
import { makeEngineRunner, startSystem } from '../src/system.ts';
import { projected } from '../test/support/ingest-role.ts';
import { type Latency, latencyOf } from './row.ts';

const MAX_RATIO = 1.5;
/** Memory may be this much more in the last third of a round than in the first. */
const MAX_GROWTH = 1.2;
const MEGABYTE = 1024 * 1024;
const codeVersion = 'bench';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '2000' },
    pace: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '2' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const pace = Number(values.pace);
const rounds = Number(values.rounds);

interface Reads {
  readonly offered: number;
  readonly perSecond: number;
  /** Most that were open at once. */
  readonly connections: number;
  readonly unanswered: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly latency: Latency;
}

interface Round {
  readonly steps: readonly number[];
  /** Resident memory in each second, in bytes. */
  readonly memory: readonly number[];
  /** Ids by stream, without those of what the edge's clock names. */
  readonly tape: ReadonlyMap<string, readonly string[]>;
  readonly reads: Reads | null;
  /** Processor time of the process, in seconds. */
  readonly cpu: number;
}

async function play(forSeconds: number, hasReaders: boolean): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
  process.env.TAPEDECK_DATA = folder;
  process.env.PORT = '0';
  process.env.TAPEDECK_LOG_LEVEL = 'error';
  const config = readConfig(process.env);
  const [events, reads] = [
    await openEventStore(config.eventStore, systemTime),
    await openReadStore(config.readStore, systemTime),
  ];
  const origin = { clock: systemTime, actor: 'bench', codeVersion };
  const { settings } = await applySettings(events, await loadSettings(config.settingsFile), origin);
  const log = makeLogger('error', openLogOutput(systemTime));
  const dependencies = { events, reads, time: systemTime, log, codeVersion, mayRollBack: false };
  const system = await startSystem(dependencies, new Set(['projections']));
  const engine = makeEngineRunner(dependencies);
  const take: EvidenceSink = engine.inStep.bind(engine);
  const { metrics, heartbeat } = system;
  const main = { append: system.events.append.bind(system.events), figures: () => metrics.snapshot() };
  const api = await startApiThread(systemTime, main, { heartbeat, codeVersion, logFile: undefined, isAcross: false });
  try {
    const ingest = (symbol: string, venue: string, take: EvidenceSink, pacing?: Pacing, signal?: AbortSignal) => {
      const found = findFeed(settings, venue, symbol);
      const files = found.feed.recordings.map((name) => recordingPath(config.settingsFile, name));
      const feed = { market: found.feed, source: openRecording(files, found.feed, found.instrument) };
      return runFeeds(take, events, [feed], { settings, codeVersion, pacing, signal });
    };
    await ingest('BTC-USD', 'coinbase', take);
    await projected(events, reads);

    const steps: number[] = [];
    const memory: number[] = [];
    const timed: EvidenceSink = async (...asked) => {
      const began = performance.now();
      const outcome = await take(...asked);
      steps.push(performance.now() - began);
      return outcome;
    };
    const measuring = setInterval(() => memory.push(process.memoryUsage.rss()), 1_000);
    const readers = hasReaders ? whenThereAreSamples(api.address).then(() => read(api.address, forSeconds)) : null;
    const before = process.cpuUsage();
    const stop = AbortSignal.timeout(forSeconds * 1_000);
    await ingest('BTCUSDT', 'binance', timed, new Pacing({ speed: pace, time: systemTime, signal: stop }), stop);
    const answered = await readers;
    clearInterval(measuring);
    const { user, system: kernel } = process.cpuUsage(before);
    await projected(events, reads);
    return { steps, memory, tape: await idsIn(events), reads: answered, cpu: (user + kernel) / 1_000_000 };
  } finally {
    await api.close();
    await system.close();
    await reads.close();
    await events.close();
    rmSync(folder, { recursive: true });
  }
}

async function read(address: string, forSeconds: number): Promise<Reads> {
  const args = [join(import.meta.dirname, 'read-load.ts'), address, String(rate), String(forSeconds)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout)) as Reads;
}

/** The session has to have begun: before its first sample there is no book to read. */
async function whenThereAreSamples(address: string): Promise<void> {
  while ((await fetch(`${address}/v1/book/binance/BTCUSDT`)).status !== 200) await sleep(20);
}

async function idsIn(events: EventStore): Promise<Map<string, string[]>> {
  const streams = new Map<string, string[]>();
  for await (const { id, stream, type } of eventsOf(events, {})) {
    if (type === 'EngineActivated') continue;
    const ids = streams.get(stream);
    if (ids === undefined) streams.set(stream, [id]);
    else ids.push(id);
  }
  return streams;
}

/** Rounds end a moment apart: what one has, the other has too, as far as both go. */
function haveTheSame(a: Round['tape'], b: Round['tape']): boolean {
  return [...a].every(([stream, ids]) => {
    const others = b.get(stream) ?? [];
    return ids.slice(0, others.length).every((id, index) => id === others[index]);
  });
}

function growth(memory: readonly number[]): number {
  const third = Math.max(1, Math.floor(memory.length / 3));
  const mean = (part: readonly number[]): number => part.reduce((sum, bytes) => sum + bytes, 0) / part.length;
  return mean(memory.slice(-third)) / mean(memory.slice(0, third));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function shown({ p50, p99, p999 }: Latency): string {
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, p99.9 ${p999.toFixed(2)} ms`;
}

say(`${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} processors, Node ${process.versions.node}`);
say(`${rate} reads/s offered for ${seconds} s while a session is played at ${pace} x; in turn without and with them`);
// Code that is still being compiled does not count.
await play(Math.min(10, seconds), true);
const faults: string[] = [];
const played: Round[] = [];
for (let round = 0; round < rounds * 2; round++) {
  const hasReaders = round % 2 === 1;
  const load = loadavg()[0]?.toFixed(1);
  const result = await play(seconds, hasReaders);
  played.push(result);
  const { steps, memory, reads, cpu } = result;
  const megabytes = (memory.at(-1) ?? 0) / MEGABYTE;
  say(
    `${hasReaders ? 'with   ' : 'without'}  ${steps.length} steps: ${shown(latencyOf(steps))}; ${megabytes.toFixed(0)} MB, ${growth(memory).toFixed(2)} x; ${cpu.toFixed(1)} s of processor; load ${load}`,
  );
  if (growth(memory) > MAX_GROWTH) faults.push(`memory grew ${growth(memory).toFixed(2)} x in round ${round + 1}`);
  if (reads === null) continue;
  say(
    `         ${reads.offered} reads at ${reads.perSecond.toFixed(0)}/s: ${shown(reads.latency)}; ${reads.connections} connections, ${reads.unanswered} unanswered, errors ${JSON.stringify(reads.errors)}`,
  );
  if (reads.unanswered > 0 || Object.keys(reads.errors).length > 0) faults.push(`reads failed in round ${round + 1}`);
}
const first = played[0] as Round;
if (!played.every(({ tape }) => haveTheSame(first.tape, tape))) faults.push('the tapes differ');
const p99 = (hasReaders: boolean): number =>
  latencyOf(played.filter(({ reads }) => (reads !== null) === hasReaders).flatMap(({ steps }) => steps)).p99;
const ratio = p99(true) / p99(false);
say(`the engine's p99 with readers is ${ratio.toFixed(2)} x that without (at most ${MAX_RATIO} x)`);
if (ratio > MAX_RATIO) faults.push('readers delay the engine');
for (const fault of faults) say(`FALLS SHORT: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
