/**
 * A cluster of three small servers: what the leader writes is on all nodes that run before it is answered. A leader
 * changes, nodes end and come back; while fewer than two run there is none.
 */

import { Log, type LogRecord } from './log.ts';
import { EventStoreServer } from './server.ts';

const NODES = 3;
const MAJORITY = 2;

interface Node {
  readonly port: number;
  log: Log;
  /** Undefined while it does not run. */
  server: EventStoreServer | undefined;
}

export class EventStoreCluster {
  readonly #nodes: Node[];
  #answerAfterMs = 0;
  #leader = 0;

  private constructor(nodes: Node[]) {
    this.#nodes = nodes;
    this.#agree();
  }

  static async start(): Promise<EventStoreCluster> {
    const nodes: Node[] = [];
    for (let index = 0; index < NODES; index++) {
      const log = new Log(Date.now);
      const server = await EventStoreServer.start({ log });
      nodes.push({ port: server.port, log, server });
    }
    return new EventStoreCluster(nodes);
  }

  /** Milliseconds from an append to its answer. */
  set answerAfterMs(ms: number) {
    this.#answerAfterMs = ms;
    this.#agree();
  }

  get address(): string {
    return `esdb://${this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?tls=false`;
  }

  /** Number of the node that leads, or led last. */
  get leader(): number {
    return this.#leader;
  }

  /** The node of that number. Throws when it does not run. */
  node(index: number): EventStoreServer {
    const { server } = this.#nodes[index] as Node;
    if (server === undefined) throw new Error(`node ${index} does not run`);
    return server;
  }

  /** What the cluster has, as its leader has it. */
  get records(): readonly LogRecord[] {
    return (this.#nodes[this.#leader] as Node).log.records;
  }

  /** Connections to all nodes. */
  get sessions(): number {
    return this.#nodes.reduce((sum, { server }) => sum + (server?.sessions ?? 0), 0);
  }

  /** The next node that runs leads from now on. The old leader refuses what is asked of it, and ends what is subscribed to. */
  changeLeader(): void {
    const before = this.#nodes[this.#leader] as Node;
    this.#elect();
    this.#agree();
    before.server?.failSubscriptions('cut');
  }

  /**
   * The leader takes the next append for itself alone, and loses the lead. What it has must be cut: it ends, as a real one
   * does with exit code 0, and counts on being started again. Resolves once it has ended.
   */
  async failOver(): Promise<void> {
    const index = this.#leader;
    const { faults } = this.node(index);
    faults.appends.push('unreplicated');
    while (faults.unreplicated === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#elect();
    await this.stopNode(index);
  }

  /** Its connections break. */
  async stopNode(index: number): Promise<void> {
    const node = this.#nodes[index] as Node;
    const { server } = node;
    node.server = undefined;
    if (index === this.#leader) this.#elect();
    this.#agree();
    await server?.stop();
  }

  /** It comes back with what the cluster has. */
  async startNode(index: number): Promise<void> {
    const node = this.#nodes[index] as Node;
    const log = new Log(Date.now);
    log.replicate(this.records);
    node.log = log;
    node.server = await EventStoreServer.start({ log, port: node.port });
    this.#agree();
  }

  async stop(): Promise<void> {
    for (const { server } of this.#nodes) await server?.stop();
  }

  /** The next one that runs; the same where no other does. */
  #elect(): void {
    for (let step = 1; step <= NODES; step++) {
      const next = (this.#leader + step) % NODES;
      if (this.#nodes[next]?.server === undefined) continue;
      this.#leader = next;
      return;
    }
  }

  /** All that run say the same of who leads. */
  #agree(): void {
    const running = this.#nodes.flatMap(({ server }) => server ?? []);
    const leader = running.length < MAJORITY ? null : (this.#nodes[this.#leader] as Node).port;
    for (const { port, log, server } of this.#nodes) {
      if (server === undefined) continue;
      server.faults.answerAfterMs = this.#answerAfterMs;
      server.faults.leader = port === leader ? undefined : leader;
      server.faults.others = this.#nodes.map((node) => node.port).filter((other) => other !== port);
      log.onWritten = (written) => this.#replicate(port, written);
    }
  }

  #replicate(from: number, written: readonly LogRecord[]): void {
    for (const { port, log, server } of this.#nodes) if (port !== from && server !== undefined) log.replicate(written);
  }
}
