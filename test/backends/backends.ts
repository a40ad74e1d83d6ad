/**
 * Which backends the tests run on: at an address given by the environment; else in a container, where a Docker engine
 * answers and starts it; else as a local program, where what it takes is at hand; else not at all, which is said by name.
 */

import { stripVTControlCharacters } from 'node:util';
import type { Container } from './containers.ts';
import { type Machine, thisMachine } from './machine.ts';
import { planSystemTests } from './system-tests.ts';

interface LocalProgram {
  readonly what: string;
  /** The commands that it takes. */
  readonly needs: readonly string[];
}

export type BackendName = 'EventStoreDB' | 'MongoDB' | 'Kafka';

interface BackendKind {
  readonly name: BackendName;
  /** Of the environment. */
  readonly variable: string;
  readonly local: LocalProgram | null;
  /** Test files that run on it alone, wherever it is. */
  readonly tests: string;
}

const KINDS: readonly BackendKind[] = [
  { name: 'EventStoreDB', variable: 'TAPEDECK_TEST_EVENT_STORE', local: null, tests: 'test/backends/eventstoredb/**' },
  {
    name: 'MongoDB',
    variable: 'TAPEDECK_TEST_READ_STORE',
    local: { what: 'FerretDB, a server that speaks its protocol', needs: ['go', 'git'] },
    tests: 'test/backends/ferretdb/**',
  },
  {
    name: 'Kafka',
    variable: 'TAPEDECK_TEST_KAFKA',
    local: { what: 'Apache Kafka', needs: ['java', 'mvn'] },
    tests: 'test/backends/kafka/**',
  },
];

/** What the tests are told, and what people are. */
export interface Plan {
  /** Where the tests find those that are not theirs to start. */
  readonly env: Readonly<Record<string, string>>;
  /** Test files that cannot run here. */
  readonly excluded: readonly string[];
  /** What the tests run on, and what does not run and why: a line each. */
  readonly ran: readonly string[];
  readonly notRun: readonly string[];
}

export interface Backends extends Plan {
  /** Ends the containers. */
  stop(): Promise<void>;
}

export interface FoundBackend extends Plan {
  readonly name: BackendName;
  /** null: nowhere. */
  readonly place: 'address' | 'container' | 'local' | null;
  /** Undefined for a local program, which each test file starts for itself. */
  readonly address?: string;
  readonly container?: Container;
}

/** Finds each backend, and starts those that come in containers. */
export async function findBackends(env: NodeJS.ProcessEnv, machine: Machine = thisMachine): Promise<Backends> {
  const hasDocker = await machine.hasDocker();
  const absences = await prepareLocalPrograms(machine);
  const found: FoundBackend[] = [];
  for (const kind of KINDS) found.push(await find(kind, { env, hasDocker, machine, absence: absences.get(kind.name) }));
  const plans: Plan[] = [...found, await planSystemTests(found, [...absences.values()], machine)];
  return {
    env: Object.assign({}, ...plans.map((plan) => plan.env)),
    excluded: plans.flatMap(({ excluded }) => excluded),
    ran: plans.flatMap(({ ran }) => ran),
    notRun: plans.flatMap(({ notRun }) => notRun),
    stop: async () => {
      await Promise.all(found.map(({ container }) => container?.stop()));
    },
  };
}

/**
 * Makes the local programs: built or downloaded, the first time, which takes minutes that no test should wait for. Returns
 * why there is none, by the backends that have none.
 */
async function prepareLocalPrograms(machine: Machine): Promise<Map<BackendName, string>> {
  const absences = new Map<BackendName, string>();
  for (const { name, local } of KINDS) {
    if (local === null) continue;
    const missing = local.needs.filter((command) => !machine.hasCommand(command));
    if (missing.length > 0) absences.set(name, `without ${missing.join(', ')}`);
    else {
      await machine.prepareProgram(name).catch((error: unknown) => {
        absences.set(name, `of ${local.what}: it cannot be made here (${reasonOf(error)})`);
      });
    }
  }
  return absences;
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly hasDocker: boolean;
  readonly machine: Machine;
  /** Why there is no local program; undefined where there is one, or never is. */
  readonly absence: string | undefined;
}

async function find(kind: BackendKind, { env, hasDocker, machine, absence }: Surroundings): Promise<FoundBackend> {
  const { name, variable } = kind;
  const given = env[variable] ?? '';
  if (given !== '') return foundAt(kind, 'address', given, `at ${variable}`);
  if (!hasDocker) return findLocal(kind, absence, 'no Docker engine answers');
  try {
    const container = await machine.startContainer(name);
    const found = foundAt(kind, 'container', container.address, 'in a container');
    return { ...found, env: { [variable]: container.address }, container };
  } catch (error) {
    return findLocal(kind, absence, `its container did not start (${reasonOf(error)})`);
  }
}

/** It is not the tests' to end: those that would are skipped. */
function foundAt({ name, local }: BackendKind, place: 'address' | 'container', address: string, where: string): FoundBackend {
  const skipped = `${name}: what ends or freezes it, and is reported as skipped; it is ${where}, and only a local program is ended`;
  return { name, place, address, env: {}, excluded: [], ran: [`${name}: ${where}`], notRun: local === null ? [] : [skipped] };
}

function findLocal(
  { name, variable, local, tests }: BackendKind,
  absence: string | undefined,
  noContainer: string,
): FoundBackend {
  if (local !== null && absence === undefined) {
    const ran = `${name}: ${local.what}, as a local program, as ${variable} is not set and ${noContainer}`;
    return { name, place: 'local', env: {}, excluded: [], ran: [ran], notRun: [] };
  }
  const program = local === null ? 'there is no local program of it' : `no local program ${absence}`;
  const notRun = `${name}: ${variable} is not set, ${noContainer}, and ${program}`;
  return { name, place: null, env: {}, excluded: [tests], ran: [], notRun: [notRun] };
}

/** In one line: what a program said of its failure, or else the error. */
function reasonOf(error: unknown): string {
  const { stderr = '', stdout = '' } = error as { readonly stderr?: string; readonly stdout?: string };
  const said = stripVTControlCharacters(`${stderr}\n${stdout}`)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const text = said.find((line) => /error|fatal|fail|timeout/i.test(line)) ?? said[0];
  return (text ?? (error instanceof Error ? error.message : String(error))).trim().split('\n')[0] as string;
}
