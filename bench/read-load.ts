/**
 * Readers in a process of their own: an open loop over a mix of routes, whether or not the answers before have come.
 * Sleeps between its ticks, so that it takes no more of the processors than it must.
 *
 *     node bench/read-load.ts ADDRESS PER_SECOND SECONDS   -> one line of JSON
 */

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { latencyOf } from './row.ts';

/** Readers that may wait for an answer at once: one that is late takes nobody else's connection. */
const MAX_CONNECTIONS = 2_000;
const TICK_MS = 2;
/** An answer that has not come by then is none. */
const TIMEOUT_MS = 10_000;
const HEADERS_END = '\r\n\r\n';

const [address = '', rate = '', seconds = ''] = process.argv.slice(2);
const url = new URL(address);
const perSecond = Number(rate);
const count = perSecond * Number(seconds);

const MIX = [
  '/v1/prices',
  '/v1/prices/binance/BTCUSDT',
  '/v1/book/binance/BTCUSDT',
  '/v1/orders?limit=20',
  `/v1/orders/${await anOrder()}`,
  '/v1/signals?limit=20',
  '/v1/accounts',
  '/v1/accounts/paper-binance/positions',
  '/v1/events?limit=20',
  '/v1/bars?venue=coinbase&symbol=BTC-USD&interval=1d&limit=100',
];
const REQUESTS = MIX.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`));

const latencies: number[] = [];
const errors = new Map<string, number>();

async function anOrder(): Promise<string> {
  const { data } = (await (await fetch(`${address}/v1/orders?limit=1`)).json()) as { data: { id: string }[] };
  return data[0]?.id as string;
}

/** One connection, on which one request is in hand at a time. */
class Reader {
  readonly #socket: Socket;
  /** When the request in hand was due. */
  #due: number | undefined;
  #received: Buffer = Buffer.alloc(0);

  constructor() {
    this.#socket = connect(Number(url.port), url.hostname).setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => countError(error.message));
  }

  get isWaiting(): boolean {
    return this.#due !== undefined;
  }

  ask(request: Buffer, due: number): void {
    this.#due = due;
    this.#socket.write(request);
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(HEADERS_END);
    if (end < 0 || this.#due === undefined) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    if (this.#received.length < end + HEADERS_END.length + length) return;
    latencies.push(performance.now() - this.#due);
    if (!head.startsWith('HTTP/1.1 200 ')) countError(head.slice(0, head.indexOf('\r\n')));
    this.#due = undefined;
    this.#received = Buffer.alloc(0);
    free.push(this);
  }
}

function countError(error: string): void {
  errors.set(error, (errors.get(error) ?? 0) + 1);
}

const readers: Reader[] = [];
const free: Reader[] = [];

/** A reader without a request in hand; none when there are too many. */
function nextReader(): Reader | undefined {
  const waiting = free.pop();
  if (waiting !== undefined || readers.length === MAX_CONNECTIONS) return waiting;
  const reader = new Reader();
  readers.push(reader);
  return reader;
}

const begin = performance.now();
for (let sent = 0; sent < count; ) {
  await sleep(TICK_MS);
  const due = Math.min(count, Math.floor(((performance.now() - begin) * perSecond) / 1000));
  for (; sent < due; sent++) {
    const reader = nextReader();
    if (reader === undefined) countError('all readers wait');
    else reader.ask(REQUESTS[sent % REQUESTS.length] as Buffer, begin + (sent / perSecond) * 1000);
  }
}
const offeredMs = performance.now() - begin;
const deadline = performance.now() + TIMEOUT_MS;
while (readers.some(({ isWaiting }) => isWaiting) && performance.now() < deadline) await sleep(10);
const unanswered = readers.filter(({ isWaiting }) => isWaiting).length;
for (const reader of readers) reader.end();
process.stdout.write(
  `${JSON.stringify({ offered: count, perSecond: (count / offeredMs) * 1000, connections: readers.length, unanswered, errors: Object.fromEntries(errors), latency: latencyOf(latencies) })}\n`,
);
