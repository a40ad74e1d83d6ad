/** A real Kafka broker as a local program: from its published jars, on ports that the system chose, surely ended. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const POM = join(import.meta.dirname, 'pom.xml');
const DOWNLOAD_MS = 600_000;
const START_MS = 60_000;
const STARTED = /Kafka Server started/;
const MOST_LOG = 200_000;

/** A shell that ends the broker as soon as its own input ends, which it does when whoever started it is gone, however. */
const GUARD = '"$@" & pid=$!; cat >/dev/null; kill -9 $pid';

export interface LocalKafka {
  /** `127.0.0.1:PORT`, the same after a restart. */
  readonly address: string;
  /** Kills the broker, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, with what it had. */
  restart(): Promise<void>;
  /** Ends it and removes what it had. */
  stop(): Promise<void>;
}

/** Starts a broker. Downloads what it is made of the first time; throws with its log when it does not start. */
export async function startLocalKafka(): Promise<LocalKafka> {
  const jars = await downloadJars();
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-kafka-'));
  const config = join(folder, 'server.properties');
  const [port, controller] = await freePorts();
  await writeFile(config, propertiesOf(port, controller, join(folder, 'data')));
  await run('java', [...javaOptions(jars), 'kafka.tools.StorageTool', 'format', '-t', makeClusterId(), '-c', config]);
  let broker = await startBroker(jars, config);
  return {
    address: `127.0.0.1:${port}`,
    kill: () => endOf(broker),
    restart: async () => {
      await endOf(broker);
      broker = await startBroker(jars, config);
    },
    stop: async () => {
      await endOf(broker);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sixteen bytes in base64url, never with a "-" in front: the tool would take it for an option. */
function makeClusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('base64url');
}

/** The folder with the jars, made once for a version of the list. */
export async function downloadJars(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tapedeck');
  const jars = join(cache, `kafka-${version}`);
  if (existsSync(jars)) return jars;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, 'kafka-'));
  const goals = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${made}`];
  await run('mvn', goals, { timeout: DOWNLOAD_MS });
  // Whole or not at all; another process may have been quicker.
  await rename(made, jars).catch(() => rm(made, { recursive: true }));
  return jars;
}

function javaOptions(jars: string): string[] {
  return [
    '-Xms128m',
    '-Xmx384m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
    '-cp',
    `${jars}/*`,
  ];
}

function propertiesOf(port: number, controller: number, data: string): string {
  return `${[
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${data}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    'log.cleaner.dedupe.buffer.size=8388608',
  ].join('\n')}\n`;
}

async function startBroker(jars: string, config: string): Promise<ChildProcess> {
  const command = ['java', ...javaOptions(jars), 'kafka.Kafka', config];
  const broker = spawn('sh', ['-c', GUARD, 'sh', ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  let isStarted: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    isStarted = resolve;
  });
  const take = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-MOST_LOG);
    if (STARTED.test(log)) isStarted();
  };
  broker.stdout.on('data', take);
  broker.stderr.on('data', take);
  broker.stdin.on('error', () => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, START_MS, `it took longer than ${START_MS / 1_000} s`);
  });
  const outcome = await Promise.race([started, late, once(broker, 'exit').then(([code]) => `it exited with ${code}`)]);
  clearTimeout(timer);
  if (outcome === undefined) return broker;
  await endOf(broker);
  throw new Error(`Kafka did not start: ${outcome}\n${log}`);
}

async function endOf(broker: ChildProcess): Promise<void> {
  if (broker.exitCode !== null || broker.signalCode !== null) return;
  const ended = once(broker, 'exit');
  broker.stdin?.end();
  await ended;
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) await once(server.close(), 'close');
  return ports as [number, number];
}
