/** The API in a thread of its own, seen from the main thread. */

import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { UserError } from '../../domain/user-error.ts';
import type { Time } from '../../ports/clock.ts';
import { answerThread, type MainThread } from '../../runtime/process/main-thread.ts';
import type { ServedApi } from '../serve.ts';

/** The data of the thread; it reads the rest from the environment. */
export interface ApiThreadData {
  /** Where the main thread answers. */
  readonly mainThread: MessagePort;
  readonly heartbeat: SharedArrayBuffer;
  readonly codeVersion: string;
  /** Absent: it logs to standard output. */
  readonly logFile: string | undefined;
  /** The stores are across a network, for several instances. */
  readonly isAcross: boolean;
}

/** The thread's messages: it serves, or why it cannot (any more). */
export type ApiThreadMessage = { readonly address: string } | { readonly failure: ThreadFailure };

/** An error keeps its class and its fields between threads only when somebody sees to it. */
interface ThreadFailure {
  readonly isUserError: boolean;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a failure of the system's, such as a port in use. */
  readonly system: { readonly code?: unknown; readonly address?: unknown; readonly port?: unknown };
}

/** Starts it; resolves when it serves. It reads the stores by itself, and asks `main` for the rest. */
export async function startApiThread(time: Time, main: MainThread, data: Omit<ApiThreadData, 'mainThread'>): Promise<ServedApi> {
  const { port1, port2 } = new MessageChannel();
  answerThread(time, port1, main);
  const workerData: ApiThreadData = { ...data, mainThread: port2 };
  const worker = new Worker(new URL('./api-worker.ts', import.meta.url), { workerData, transferList: [port2], name: 'api' });
  let serving: (address: string) => void = () => {};
  const served = new Promise<string>((resolve) => {
    serving = resolve;
  });
  let isClosing = false;
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: ApiThreadMessage) => {
      if ('address' in message) serving(message.address);
      else reject(reviveFailure(message.failure));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      port1.close();
      if (isClosing && code === 0) resolve();
      else reject(new Error(`the thread of the API ended by itself, with code ${code}`));
    });
  });
  // Told of by `ended`, not by a crash of the process.
  ended.catch(() => undefined);
  const address = await Promise.race([served, ended.then(() => '')]);
  const close = async (): Promise<void> => {
    isClosing = true;
    const exited = worker.threadId === -1 ? undefined : once(worker, 'exit');
    worker.postMessage('close');
    await exited;
  };
  return { address, ended, close };
}

export function describeFailure(error: unknown): ThreadFailure {
  const { message, stack, code, address, port } = error as Partial<Error> & ThreadFailure['system'];
  return { isUserError: error instanceof UserError, message: message ?? String(error), stack, system: { code, address, port } };
}

function reviveFailure({ isUserError, message, stack, system }: ThreadFailure): Error {
  if (isUserError) return new UserError(message);
  return Object.assign(new Error(message), { stack }, system);
}
