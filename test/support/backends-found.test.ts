/** On what `npm run test:backends` runs, by what the machine has. */

import { describe, expect, it } from 'vitest';
import { databaseAt, shown, topicsAt } from '../backends/addresses.ts';
import { findBackends } from '../backends/backends.ts';
import type { Machine } from '../backends/machine.ts';

const ALL = ['go', 'git', 'java', 'mvn'];
const CONTRACTS = ['eventstoredb', 'ferretdb', 'kafka'].map((kind) => `test/backends/${kind}/**`);
const system = (...names: string[]) => names.map((name) => `test/backends/${name}.test.ts`);

interface Has {
  readonly hasDocker?: boolean;
  /** Containers that do not start. */
  readonly broken?: readonly string[];
  readonly commands?: readonly string[];
  /** Why local programs cannot be made, by their backends. */
  readonly failures?: Readonly<Record<string, Error>>;
  /** What an EventStoreDB at an address is; usually empty. */
  readonly tape?: 'empty' | 'written' | 'away';
}

/** A machine that has that, the containers that were started and those that were stopped. */
function machineWith({ hasDocker = false, broken = [], commands = [], failures = {}, tape = 'empty' }: Has) {
  const [started, stopped]: [string[], string[]] = [[], []];
  const machine: Machine = {
    hasDocker: async () => hasDocker,
    startContainer: async (backend) => {
      if (broken.includes(backend)) throw new Error(`no image of ${backend}\nat some place`);
      started.push(backend);
      return { address: `container-of-${backend}`, stop: async () => void stopped.push(backend) };
    },
    hasCommand: (command) => commands.includes(command),
    prepareProgram: async (backend) => {
      if (failures[backend] !== undefined) throw failures[backend];
    },
    isEmpty: async () => {
      if (tape === 'away') throw new Error('no answer');
      return tape === 'empty';
    },
  };
  return { machine, started, stopped };
}

const find = (has: Has, env: Record<string, string> = {}) => findBackends(env, machineWith(has).machine);

const ADDRESSES = {
  TAPEDECK_TEST_EVENT_STORE: 'esdb://tape',
  TAPEDECK_TEST_READ_STORE: 'mongodb://reads',
  TAPEDECK_TEST_KAFKA: 'broker:9092',
};

describe('the backends of the tests are found', () => {
  it('at their addresses before all else, where what ends backends is left out and named', async () => {
    const { machine, started } = machineWith({ hasDocker: true });
    const backends = await findBackends(ADDRESSES, machine);
    expect(started).toEqual([]);
    expect(backends.excluded).toEqual(expect.arrayContaining(system('away', 'faults')));
    for (const name of [...CONTRACTS, ...system('same-as-embedded', 'kills', 'topics')])
      expect(backends.excluded).not.toContain(name);
    expect(backends.ran).toContain("MongoDB at its address and Kafka at its address: the system's same-as-embedded");
    const away = backends.notRun.find((line) => line.includes('away'));
    expect(away).toMatch(
      /away, .*faults.*: on local programs only, and there is none without go, git, and none without java, mvn$/,
    );
    expect(backends.notRun.filter((line) => /^(MongoDB|Kafka): what ends/.test(line))).toHaveLength(2);
  });

  it('in containers, with the tapes of the system in containers of their own, and all are stopped', async () => {
    const { machine, started, stopped } = machineWith({ hasDocker: true, commands: ALL });
    const backends = await findBackends({}, machine);
    expect(backends.env).toEqual({
      TAPEDECK_TEST_EVENT_STORE: 'container-of-EventStoreDB',
      TAPEDECK_TEST_READ_STORE: 'container-of-MongoDB',
      TAPEDECK_TEST_KAFKA: 'container-of-Kafka',
      TAPEDECK_TEST_TAPES: 'containers',
    });
    expect(backends.excluded).toEqual([]);
    await backends.stop();
    expect(stopped.sort()).toEqual(started.sort());
    expect(started).toEqual(['EventStoreDB', 'Kafka', 'MongoDB']);
  });

  it('as local programs where a container does not start, and the line says why; or not at all', async () => {
    const has = { hasDocker: true, broken: ['MongoDB', 'EventStoreDB'], commands: ['go', 'git'] };
    const { machine, stopped } = machineWith(has);
    const backends = await findBackends({}, machine);
    expect(backends.env).toEqual({ TAPEDECK_TEST_KAFKA: 'container-of-Kafka' });
    expect(backends.ran[0]).toMatch(/^MongoDB: FerretDB.* its container did not start \(no image of MongoDB\)$/);
    expect(backends.notRun[0]).toMatch(
      /^EventStoreDB: .*did not start \(no image of EventStoreDB\), and there is no local program/,
    );
    expect(backends.ran).toContain("MongoDB as a local program and Kafka in its container: the system's kills");
    expect(backends.excluded).toContain(CONTRACTS[0]);
    await backends.stop();
    expect(stopped).toEqual(['Kafka']);
  });

  it('as local programs without Docker, where there is git beside go', async () => {
    expect((await find({ commands: ALL })).excluded).toEqual([CONTRACTS[0]]);
    const { excluded, ran, notRun } = await find({ commands: ['go', 'java', 'mvn'] });
    expect(excluded).toEqual(expect.arrayContaining([...CONTRACTS.slice(0, 2), ...system('same-as-embedded', 'kills', 'away')]));
    expect(excluded).not.toContain(CONTRACTS[2]);
    expect(excluded).not.toContain(system('topics')[0]);
    expect(notRun).toContainEqual(expect.stringMatching(/^MongoDB: .*no local program without git$/));
    expect(notRun).toContain("the system's kills: there is no MongoDB");
    expect(ran.join()).not.toContain('tapes');
  });

  it('not as a local program that cannot be made here, and the reason is what its maker said', async () => {
    const offline = Object.assign(new Error('Command failed: mvn -q'), {
      stdout:
        '[WARNING] slow\n\x1b[0m[ERROR] Could not transfer kafka.jar: repo.maven.apache.org: Name or service not known\n[ERROR] again\n',
      stderr: '',
    });
    const { excluded, ran, notRun } = await find({ commands: ALL, failures: { Kafka: offline } });
    expect(notRun).toContainEqual(
      expect.stringMatching(
        /^Kafka: .*no local program of Apache Kafka: it cannot be made here \(\[ERROR\] Could not transfer .* not known\)$/,
      ),
    );
    expect(notRun).toContain("the system's kills: there is no Kafka");
    expect(excluded).toEqual(expect.arrayContaining([CONTRACTS[2] as string, ...system('kills', 'topics', 'away', 'faults')]));
    // The others run.
    expect(excluded).not.toContain(CONTRACTS[1]);
    expect(ran[0]).toMatch(/^MongoDB: FerretDB/);
  });

  it.each([
    ['empty', 'address', 1],
    ['away', 'address', 1],
    ['written', undefined, 2],
  ] as const)('with a tape at an address that is %s', async (tape, place, unlike) => {
    const { env, notRun } = await find({ commands: ALL, tape }, { TAPEDECK_TEST_EVENT_STORE: 'esdb://tape' });
    expect(env.TAPEDECK_TEST_TAPES).toBe(place);
    expect(notRun.filter((line) => line.includes('in process'))).toHaveLength(unlike);
  });
});

describe("what is one run's alone on a backend", () => {
  it.each([
    ['127.0.0.1:27017', 'mongodb://127.0.0.1:27017/mine'],
    ['mongodb://one,two/?replicaSet=rs', 'mongodb://one,two/mine?replicaSet=rs'],
    ['mongodb://u:p%40@one/theirs', 'mongodb://u:p%40@one/mine?authSource=theirs'],
    ['mongodb+srv://u:p@one?tls=true', 'mongodb+srv://u:p@one/mine?tls=true&authSource=admin'],
    ['mongodb://u:p@one/theirs?authsource=x', 'mongodb://u:p@one/mine?authsource=x'],
  ])('is a database: at %s', (address, expected) => {
    expect(databaseAt(address, 'mine')).toBe(expected);
  });

  it.each([
    ['127.0.0.1:9092', 'kafka://127.0.0.1:9092?prefix=mine&partitions=3'],
    ['one:1,two:2?partitions=9', 'kafka://one:1,two:2?prefix=mine&partitions=3'],
    [
      'kafka+ssl://u:p%40@one:1/?prefix=theirs&sasl=plain&replication=3&partitions=9',
      'kafka+ssl://u:p%40@one:1?prefix=mine&sasl=plain&replication=3&partitions=3',
    ],
  ])('is a prefix of topics: at %s', (address, expected) => {
    expect(topicsAt(address, 'mine', { partitions: '3' })).toBe(expected);
  });

  it('takes out of an address what a test does not want there', () => {
    expect(topicsAt('one:1?replication=3&ca=x', 'mine', { replication: '' })).toBe('kafka://one:1?ca=x&prefix=mine');
  });

  it('is shown without secrets', () => {
    expect(shown('mongodb://u:p%40@one,two/mine?authSource=x')).toBe('one,two/mine');
    expect(shown('esdb://u:p@one:2113?tls=false')).toBe('one:2113');
    expect(shown('one:1,two:2')).toBe('one:1,two:2');
  });
});
