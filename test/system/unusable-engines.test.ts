/** Engines that cannot be used: one clear message that says what, where and what to do, exit code 2, and no secret in it. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventStoreServer, type ServerOptions } from '../servers/event-store/server.ts';
import { type Ended, endChildrenAfterwards, tapedeck } from '../support/child.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const SECRET = 'hunter2secret';
let folders = 0;

function run(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
  const data = join(temporary.path, `data-${++folders}`);
  mkdirSync(data);
  return tapedeck(args.length === 0 ? ['run', '--json'] : args, { TAPEDECK_DATA: data, PORT: '0', ...env });
}

function refused({ code, stdout, stderr }: Ended, ...parts: RegExp[]): void {
  expect(stderr).not.toMatch(/\n {4}at |this is a bug/);
  expect(code).toBe(2);
  for (const part of parts) expect(stderr).toMatch(part);
  expect(stdout + stderr).not.toContain(SECRET);
}

async function onServer(options: ServerOptions, login: string, ...args: string[]): Promise<Ended> {
  const server = await EventStoreServer.start(options);
  try {
    return await run({ TAPEDECK_EVENT_STORE: `esdb://${login}127.0.0.1:${server.port}?tls=false` }, ...args);
  } finally {
    await server.stop();
  }
}

describe('an address', () => {
  it.each([
    ['TAPEDECK_EVENT_STORE', `esdb://ops:${SECRET}@:2113`, /event store/],
    ['TAPEDECK_EVENT_STORE', `esdb://ops:${SECRET}@host?tls=perhaps`, /"tls" must be true or false/],
    ['TAPEDECK_EVENT_STORE', `eventstore://ops:${SECRET}@host:2113`, /event store.*not known/],
    ['TAPEDECK_READ_STORE', `mongodb://ops:${SECRET}@host:27017/no/such`, /MongoDB/],
    ['TAPEDECK_READ_STORE', `mongodb://ops:${SECRET}@host?w=1`, /sets "w": leave it out/],
    ['TAPEDECK_READ_STORE', `postgres://ops:${SECRET}@host`, /read store.*not known/],
    ['TAPEDECK_KAFKA', `kafka://ops:${SECRET}@host`, /must be host:port/],
    ['TAPEDECK_KAFKA', `kafka://ops:${SECRET}@host:9092?partitions=none`, /partitions must be a number/],
  ])('that cannot be one is refused: %s', async (variable, address, message) => {
    refused(await run({ [variable]: address }), message);
  });
});

describe('an EventStoreDB', () => {
  const login = { user: 'ops', password: 'another' };

  it('that refuses the password ends the process, which says so', async () => {
    refused(await onServer({ login }, `ops:${SECRET}@`), /EventStoreDB/, /user|password|credentials/);
    refused(await onServer({ login }, `ops:${SECRET}@`, 'status'), /EventStoreDB/, /user|password|credentials/);
  });

  it('that is too old ends the process, which says so', async () => {
    refused(await onServer({ version: null }, ''), /EventStoreDB .*too old: Tapedeck needs 22\.10 or later/);
    refused(await onServer({ version: '21.10.0' }, ''), /of version 21\.10, which is too old: Tapedeck needs 22\.10 or later/);
  });
});
