/** What the machine that runs the tests has, apart from the tests' own programs. */

import { spawnSync } from 'node:child_process';
import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { START } from '../../src/tape/envelope.ts';
import type { BackendName } from './backends.ts';
import { type Container, hasDocker, startEventStoreDb, startKafka, startMongoDb } from './containers.ts';
import { buildFerretDb } from './ferretdb/local-ferretdb.ts';
import { downloadJars } from './kafka/local-kafka.ts';

export interface Machine {
  /** Does a Docker engine answer? */
  hasDocker(): Promise<boolean>;
  /** Rejects when the image cannot be had, or the container does not start. */
  startContainer(backend: BackendName): Promise<Container>;
  hasCommand(command: string): boolean;
  /** Builds or downloads the local program of that backend, the first time. Rejects when it cannot be had. */
  prepareProgram(backend: BackendName): Promise<unknown>;
  /** Has the EventStoreDB at that address no events but its own? Rejects when it does not answer. */
  isEmpty(address: string): Promise<boolean>;
}

const CONTAINERS = { EventStoreDB: startEventStoreDb, MongoDB: startMongoDb, Kafka: startKafka };

/** There is none of EventStoreDB. */
const PROGRAMS: Partial<Record<BackendName, () => Promise<unknown>>> = { MongoDB: buildFerretDb, Kafka: downloadJars };

export const thisMachine: Machine = {
  hasDocker,
  startContainer: (backend) => CONTAINERS[backend](),
  hasCommand: (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0,
  prepareProgram: async (backend) => PROGRAMS[backend]?.(),
  isEmpty: async (address) => {
    const tape = await openEventStore(address, systemTime);
    try {
      return (await tape.head()) === START;
    } finally {
      await tape.close();
    }
  },
};
