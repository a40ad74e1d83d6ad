/** The raw limit of order entry: a route that makes the rows of an order durable, and nothing else. */

import type { SQLInputValue } from 'node:sqlite';
import { fastify } from 'fastify';
import { openTapeFile, openTapeFileToRead } from '../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../src/adapters/system-time.ts';

/** A row of the tape's table, in the order of its columns. */
type Row = readonly SQLInputValue[];

/** Those whose streams are an order's own. */
const OWN = ['request', 'order'];

/** The rows that the last request on a tape made durable: its own, and those of what was decided on it. */
export async function rowsOfLastRequest(file: string): Promise<readonly Row[]> {
  const tape = await openTapeFileToRead(file, systemTime);
  const select = tape.prepare(
    `SELECT * FROM events WHERE correlation_id =
      (SELECT correlation_id FROM events WHERE category = 'request' ORDER BY position DESC LIMIT 1) ORDER BY position`,
  );
  select.setReturnArrays(true);
  const rows = select.all() as unknown as Row[];
  tape.close();
  return rows;
}

/**
 * `POST /v1/orders` of the same Fastify without hooks or schemas. It answers when rows like the given ones are durable
 * in a file with the tape's table and indexes. Those that wait are committed together.
 */
export async function startBareRoute(
  file: string,
  rows: readonly Row[],
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const db = await openTapeFile(file, systemTime);
  const insert = db.prepare(`INSERT INTO events VALUES (${Array(12).fill('?').join(', ')})`);
  const waiting: { readonly copy: readonly Row[]; readonly committed: () => void }[] = [];
  const commit = (): void => {
    const group = waiting.splice(0);
    db.exec('BEGIN IMMEDIATE');
    for (const { copy } of group) for (const row of copy) insert.run(...row);
    db.exec('COMMIT');
    for (const { committed } of group) committed();
  };
  const server = fastify({ logger: false });
  let copies = 0;
  server.post('/v1/orders', async (_request, reply) => {
    const copy = copyOf(rows, copies++);
    await new Promise<void>((committed) => {
      if (waiting.push({ copy, committed }) === 1) setImmediate(commit);
    });
    const [position, id] = copy[0] as Row;
    return reply.code(202).send({ id, requestId: id, position: String(position) });
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const close = async (): Promise<void> => {
    await server.close();
    db.close();
  };
  return { address, close };
}

/** Of the same sizes, with ids of their own, in streams of their own or further on in the same ones. */
function copyOf(rows: readonly Row[], copies: number): readonly Row[] {
  const name = systemTime.uuid();
  return rows.map(([, , stream, category, revision, type, version, data, metadata, occurredAt, , recordedAt], index) => {
    const place = OWN.includes(String(category)) ? [`${category}-${name}`, category, revision] : [stream, category, copies];
    const texts = [data, metadata, occurredAt, name, recordedAt];
    return [copies * rows.length + index + 1, systemTime.uuid(), ...place, type, version, ...texts] as Row;
  });
}
