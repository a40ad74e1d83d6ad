/**
 * Which engines the tests run on: at an address given by the environment; else in a container, where a Docker engine
 * answers; else as a local program, where what it takes is at hand; else not at all, which is said by name.
 */

import { spawnSync } from 'node:child_process';
import { type Container, hasDocker, startEventStoreDb, startKafka, startMongoDb } from './containers.ts';
import { buildFerretDb } from './ferretdb/local-ferretdb.ts';
import { downloadJars } from './kafka/local-kafka.ts';

interface LocalProgram {
  readonly what: string;
  /** The commands that it takes. */
  readonly needs: readonly string[];
  /** Builds or downloads it, the first time: some minutes, which no test should wait for. */
  readonly prepare: () => Promise<unknown>;
}

interface EngineKind {
  readonly name: string;
  /** Of the environment. */
  readonly variable: string;
  readonly startContainer: () => Promise<Container>;
  readonly local: LocalProgram | null;
  /** Test files that run on it, wherever it is. */
  readonly tests: string;
}

const GO = ['go', 'git'];
const JAVA = ['java', 'mvn'];

const KINDS: readonly EngineKind[] = [
  {
    name: 'EventStoreDB',
    variable: 'TAPEDECK_TEST_EVENT_STORE',
    startContainer: startEventStoreDb,
    local: null,
    tests: 'test/engines/eventstoredb/**',
  },
  {
    name: 'MongoDB',
    variable: 'TAPEDECK_TEST_READ_STORE',
    startContainer: startMongoDb,
    local: { what: 'FerretDB, a server that speaks its protocol', needs: GO, prepare: buildFerretDb },
    tests: 'test/engines/ferretdb/**',
  },
  {
    name: 'Kafka',
    variable: 'TAPEDECK_TEST_KAFKA',
    startContainer: startKafka,
    local: { what: 'Apache Kafka', needs: JAVA, prepare: downloadJars },
    tests: 'test/engines/kafka/**',
  },
];

/** Tests of the whole system end and freeze engines: they run on local programs. */
const SYSTEM = { name: 'the whole system on engines', tests: 'test/engines/*.test.ts', needs: [...GO, ...JAVA] };

export interface Engines {
  /** Where the tests find those that are not theirs to start. */
  readonly env: Readonly<Record<string, string>>;
  /** Test files that cannot run here. */
  readonly excluded: readonly string[];
  /** What the tests run on, and what does not run and why: a line each. */
  readonly ran: readonly string[];
  readonly notRun: readonly string[];
  /** Ends the containers. */
  stop(): Promise<void>;
}

/** Finds each engine, and starts those that come in containers. */
export async function findEngines(env: NodeJS.ProcessEnv): Promise<Engines> {
  const docker = await hasDocker();
  const found = { env: {} as Record<string, string>, excluded: [] as string[], ran: [] as string[], notRun: [] as string[] };
  const containers: Container[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(containers.map((container) => container.stop()));
  };
  try {
    for (const kind of KINDS) {
      const { name, variable, local, tests } = kind;
      const missing = missingOf(local?.needs ?? []);
      if ((env[variable] ?? '') !== '') found.ran.push(`${name}: at ${variable}`);
      else if (docker) {
        const container = await kind.startContainer();
        containers.push(container);
        found.env[variable] = container.address;
        found.ran.push(`${name}: in a container`);
      } else if (local !== null && missing.length === 0) found.ran.push(`${name}: ${local.what}, as a local program`);
      else {
        found.excluded.push(tests);
        const program = local === null ? 'there is no local program of it' : `no local program without ${missing.join(', ')}`;
        found.notRun.push(`${name}: ${variable} is not set, no Docker engine answers, and ${program}`);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const missing = missingOf(SYSTEM.needs);
  if (missing.length > 0) {
    found.excluded.push(SYSTEM.tests);
    found.notRun.push(`${SYSTEM.name}: no local programs without ${missing.join(', ')}`);
  }
  return { ...found, stop };
}

/** Makes the local programs that can be made here. Throws when one cannot. */
export async function prepareLocalPrograms(): Promise<void> {
  for (const { local } of KINDS) if (local !== null && missingOf(local.needs).length === 0) await local.prepare();
}

function missingOf(commands: readonly string[]): string[] {
  return commands.filter((command) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0);
}
