/** Backends in containers, of the images that docker-compose.yml pins. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { parse } from 'yaml';

const COMPOSE = join(import.meta.dirname, '..', '..', 'docker-compose.yml');
const LOOK_MS = 5_000;
const START_MS = 180_000;

export interface Container {
  /** As the environment of the tests takes it. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Does a Docker engine answer here? */
export async function hasDocker(): Promise<boolean> {
  const late = new Promise<false>((resolve) => {
    setTimeout(resolve, LOOK_MS, false).unref();
  });
  const answers = getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
  return Promise.race([answers, late]);
}

export async function startEventStoreDb(): Promise<Container> {
  const container = await new GenericContainer(imageOf('eventstore'))
    .withEnvironment({
      EVENTSTORE_CLUSTER_SIZE: '1',
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_MEM_DB: 'true',
      EVENTSTORE_RUN_PROJECTIONS: 'None',
      EVENTSTORE_TELEMETRY_OPTOUT: 'true',
    })
    .withExposedPorts(2113)
    .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204))
    .withStartupTimeout(START_MS)
    .start();
  return startedAt(container, `esdb://${container.getHost()}:${container.getMappedPort(2113)}?tls=false`);
}

export async function startMongoDb(): Promise<Container> {
  const container = await new GenericContainer(imageOf('mongodb'))
    .withExposedPorts(27_017)
    .withWaitStrategy(Wait.forLogMessage(/Waiting for connections/))
    .withStartupTimeout(START_MS)
    .start();
  return startedAt(container, `mongodb://${container.getHost()}:${container.getMappedPort(27_017)}`);
}

/** A broker tells its clients where it is: the port must be known before it starts. */
export async function startKafka(): Promise<Container> {
  const port = await freePort();
  const container = await new GenericContainer(imageOf('kafka'))
    .withEnvironment({
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_NODE_ID: '1',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    })
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(START_MS)
    .start();
  return startedAt(container, `localhost:${port}`);
}

function startedAt(container: StartedTestContainer, address: string): Container {
  return {
    address,
    stop: async () => {
      await container.stop();
    },
  };
}

function imageOf(service: string): string {
  const { services } = parse(readFileSync(COMPOSE, 'utf8')) as { services: Record<string, { readonly image?: string }> };
  const image = services[service]?.image;
  if (image === undefined) throw new Error(`docker-compose.yml has no image of "${service}"`);
  return image;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
