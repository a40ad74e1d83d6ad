/**
 * A load generator in a process of its own: GETs the paths in turn over connections that stay open. Prints JSON.
 *
 *     node bench/http-load.ts closed SECONDS ADDRESS PATH...              -> { "perSecond": 12345 }
 *     node bench/http-load.ts open SECONDS PER_SECOND ADDRESS PATH...     -> { "latencies": [ms, ...] }
 */

import { type Connection, openConnection } from './connection.ts';
import { atRate } from './row.ts';

const CONNECTIONS = 32;

const [mode, seconds, ...rest] = process.argv.slice(2);
const rate = mode === 'open' ? Number(rest.shift()) : 0;
const [address = '', ...paths] = rest;
const url = new URL(address);
const REQUESTS = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
const totalMs = Number(seconds) * 1000;
let asked = 0;

const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(url, 200)));
const result = mode === 'closed' ? await closedLoop() : await openLoop(rate);
process.stdout.write(`${JSON.stringify(result)}\n`);
for (const connection of connections) connection.socket.destroy();

function ask(connection: Connection): void {
  connection.socket.write(REQUESTS[asked++ % REQUESTS.length] as string);
}

async function closedLoop(): Promise<{ perSecond: number }> {
  let answers = 0;
  for (const connection of connections) {
    connection.onAnswer = () => {
      answers++;
      ask(connection);
    };
    ask(connection);
  }
  // It never sleeps, since to wake it up would be the server's work, and the quicker one would have less of it.
  const stayAwake = (): void => {
    awake = setImmediate(stayAwake);
  };
  let awake = setImmediate(stayAwake);
  await new Promise((resolve) => setTimeout(resolve, totalMs / 4));
  const [before, start] = [answers, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, totalMs));
  clearImmediate(awake);
  return { perSecond: ((answers - before) / (performance.now() - start)) * 1000 };
}

async function openLoop(perSecond: number): Promise<{ latencies: number[] }> {
  const latencies: number[] = [];
  const count = Math.floor((perSecond * totalMs) / 1000);
  const due = connections.map((connection) => {
    // Answers come in the order asked.
    const times: number[] = [];
    let answered = 0;
    connection.onAnswer = () => latencies.push(performance.now() - (times[answered++] as number));
    return times;
  });
  await atRate(perSecond, count, (index, dueMs) => {
    const which = index % CONNECTIONS;
    due[which]?.push(dueMs);
    ask(connections[which] as Connection);
  });
  for (let waits = 0; latencies.length < count && waits < 500; waits++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (latencies.length < count) throw new Error(`${count - latencies.length} of ${count} requests were not answered`);
  return { latencies };
}
