/** A MongoDB-compatible server as a local program: FerretDB, built from its published module, surely ended. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MODULE = 'github.com/FerretDB/FerretDB';
const SOURCES = ['main.go', 'go.mod', 'go.sum', 'ferretdb.patch'];
const BUILD_MS = 600_000;
const START_MS = 30_000;
const MOST_LOG = 200_000;

export interface LocalFerretDb {
  /** `127.0.0.1:PORT`, the same after a restart. */
  readonly address: string;
  /** Kills the server, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, with what it had. */
  restart(): Promise<void>;
  /** Nobody is answered any more, and nobody is told: as a network that is gone. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes what it had. */
  stop(): Promise<void>;
}

/** Starts a server. Builds it the first time; throws with its log when it does not start. */
export async function startLocalFerretDb(): Promise<LocalFerretDb> {
  const program = await buildFerretDb();
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-ferretdb-'));
  const address = `127.0.0.1:${await freePort()}`;
  let server = await startServer(program, address, folder);
  return {
    address,
    kill: () => endOf(server),
    restart: async () => {
      await endOf(server);
      server = await startServer(program, address, folder);
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    stop: async () => {
      await endOf(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The program, made once for a version of its sources. */
export async function buildFerretDb(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(join(import.meta.dirname, name)));
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tapedeck');
  const program = join(cache, `ferretdb-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'build-'));
  try {
    await build(folder);
    // Whole or not at all; another process may have been quicker.
    await rename(join(folder, 'ferretdb'), program);
    return program;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function build(folder: string): Promise<void> {
  // Outside of any repository, whose root the patch would be taken from.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: join(folder, '..'), GOFLAGS: '', GOWORK: 'off' };
  const at = (cwd: string) => ({ cwd, env, timeout: BUILD_MS, maxBuffer: 64 * 1024 * 1024 });
  for (const name of SOURCES) await copyFile(join(import.meta.dirname, name), join(folder, name));
  await run('go', ['mod', 'download', MODULE], at(folder));
  const { stdout } = await run('go', ['list', '-m', '-f', '{{.Dir}}', MODULE], at(folder));
  const sources = join(folder, 'module');
  await cp(stdout.trim(), sources, { recursive: true });
  await run('chmod', ['-R', 'u+w', sources], at(folder));
  await run('git', ['apply', join(folder, 'ferretdb.patch')], at(sources));
  await run('go', ['mod', 'edit', '-replace', `${MODULE}=./module`], at(folder));
  await run('go', ['build', '-trimpath', '-o', 'ferretdb', '.'], at(folder));
}

async function startServer(program: string, address: string, folder: string): Promise<ChildProcess> {
  const server = spawn(program, [address, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  let isStarted: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    isStarted = resolve;
  });
  server.stdout.on('data', () => isStarted());
  server.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-MOST_LOG);
  });
  server.stdin.on('error', () => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, START_MS, `it took longer than ${START_MS / 1_000} s`);
  });
  const exit = once(server, 'exit').then(([code]) => `it exited with ${code}`);
  const outcome = await Promise.race([started, late, exit]);
  clearTimeout(timer);
  if (outcome === undefined) return server;
  await endOf(server);
  throw new Error(`FerretDB did not start: ${outcome}\n${log}`);
}

async function endOf(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}
