/**
 * A load generator in a process of its own: POSTs one body again and again, each time with a key of its own, over
 * connections that stay open, one request at a time on each. Prints JSON.
 *
 *     node bench/order-load.ts CONNECTIONS SECONDS ADDRESS PATH BODY   -> { "perSecond": 1234, "latencies": [ms, ...] }
 *
 * It sleeps while it waits: the server has two threads at work, and the machine two processors.
 */

import { randomUUID } from 'node:crypto';
import { type Connection, openConnection } from './connection.ts';

const [connectionCount, seconds, address = '', path = '', body = ''] = process.argv.slice(2);
const url = new URL(address);
const totalMs = Number(seconds) * 1000;
const run = randomUUID();
const head = `POST ${path} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;

const connections = await Promise.all(Array.from({ length: Number(connectionCount) }, () => openConnection(url, 202)));
let asked = 0;
let isMeasured = false;
const latencies: number[] = [];
for (const connection of connections) {
  let sentAt = ask(connection);
  connection.onAnswer = () => {
    if (isMeasured) latencies.push(performance.now() - sentAt);
    sentAt = ask(connection);
  };
}
// What is asked before that warms up.
await new Promise((resolve) => setTimeout(resolve, totalMs / 4));
isMeasured = true;
const start = performance.now();
await new Promise((resolve) => setTimeout(resolve, totalMs));
isMeasured = false;
const perSecond = (latencies.length / (performance.now() - start)) * 1000;
for (const connection of connections) connection.socket.destroy();
process.stdout.write(`${JSON.stringify({ perSecond, latencies })}\n`);

/** Returns when that was. */
function ask(connection: Connection): number {
  connection.socket.write(`${head}Idempotency-Key: ${run}-${asked++}\r\n\r\n${body}`);
  return performance.now();
}
