/** More connections than the process may have files: those that have shown a key go on, and so does the process. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../support/child.ts';
import { quietSettings } from '../support/quiet-settings.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const temporary = new TemporaryFolder();
const DESCRIPTORS = 200;
const KEY = 'alice-secret-0123456789';

/** Resolves with the port of the API. */
async function runWith(descriptors: number) {
  const child = spawn('sh', ['-c', `ulimit -n ${descriptors}; exec "$0" src/main.ts run --json`, process.execPath], {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: '0',
      TAPEDECK_DATA: temporary.newFolder(),
      TAPEDECK_SETTINGS: quietSettings(temporary.newFolder()),
      TAPEDECK_API_KEYS: `alice:${KEY}`,
    },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  for (let port: string | undefined; ; ) {
    const [chunk] = await once(child.stdout, 'data');
    output += chunk;
    port = /"address":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(output)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
}

function ask(agent: Agent, port: number, method: string, path: string, body = ''): Promise<number | undefined> {
  const headers = { 'x-api-key': KEY, ...(body !== '' && { 'content-type': 'application/json' }) };
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, method, path, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject).end(body);
  });
}

describe('A run with more connections than files that it may open', () => {
  it('serves and halts for those with a key, and ends as it was told', async () => {
    const { child, port } = await runWith(DESCRIPTORS);
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(kept, port, 'GET', '/v1/accounts')).toBe(200);
    const flooding: Socket[] = [];
    for (let count = 0; count < 2 * DESCRIPTORS; count++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write('GET /v1/strategies HTTP/1.1\r\nHost: localhost\r\n');
      flooding.push(socket);
    }
    expect(await ask(kept, port, 'GET', '/v1/accounts')).toBe(200);
    expect(await ask(kept, port, 'POST', '/v1/accounts/paper-coinbase/halt', '{"reason":"a flood"}')).toBe(202);
    expect(await ask(new Agent(), port, 'GET', '/v1/accounts')).toBe(200);
    kept.destroy();
    for (const socket of flooding) socket.destroy();
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
