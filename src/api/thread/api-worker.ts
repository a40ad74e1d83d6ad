/**
 * What runs in the API's own thread: it reads over connections of its own, so that no reader delays the engine, and
 * has the main thread write for it.
 */

import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openReadStoreToRead, openTapeToRead } from '../../adapters/open.ts';
import { systemTime as time } from '../../adapters/system-time.ts';
import { readConfig } from '../../config/environment.ts';
import { makeLogger, openLogOutput, watchLog } from '../../logging.ts';
import { makeMetrics } from '../../metric-families.ts';
import { withEventIndex } from '../../queries/indexed-tape.ts';
import { mainThreadOver } from '../../runtime/process/main-thread.ts';
import { watchTapeTail } from '../../runtime/process/metered-event-store.ts';
import { watchProcess } from '../../runtime/process/process-metrics.ts';
import { startApi } from '../serve.ts';
import { type ApiThreadData, type ApiThreadMessage, describeFailure } from './api-thread.ts';
import { ThreadTape } from './thread-tape.ts';

const main = parentPort as MessagePort;
const { mainThread, heartbeat, codeVersion, logFile, isAcross } = workerData as ApiThreadData;
const tell = (message: ApiThreadMessage): void => main.postMessage(message);

/** A third of the engine's share of a processor that both want. */
const NICENESS = 5;

/** Where processors are short the engine goes first. Linux alone has a priority for each thread; 0 is this one. */
function stepBack(): void {
  if (process.platform === 'linux') setPriority(0, NICENESS);
}

async function serve(): Promise<void> {
  stepBack();
  const config = readConfig(process.env);
  const output = openLogOutput(time, logFile);
  const log = makeLogger(config.logLevel, output);
  const { append, figures, report } = mainThreadOver(time, mainThread);
  const tape = await openTapeToRead(config.eventStore, time);
  const reads = await openReadStoreToRead(config.readStore, time);
  const events = withEventIndex(new ThreadTape(tape, append), reads);
  const metrics = makeMetrics();
  watchProcess(metrics, time, 'api', codeVersion);
  watchTapeTail(metrics, 'api', tape);
  watchLog(metrics, output);
  const otherMetrics = async () => [await figures()];
  const dependencies = { events, reads, time, codeVersion, log, heartbeat, metrics, otherMetrics, report, isAcross };
  const api = await startApi(dependencies, config);
  tell({ address: api.address });
  const asked = new Promise<void>((resolve) => main.once('message', () => resolve()));
  await Promise.race([asked, api.ended]);
  events.hasten();
  await api.close();
  await reads.close();
  await events.close();
}

try {
  await serve();
  process.exit(0);
} catch (error) {
  tell({ failure: describeFailure(error) });
  process.exit(1);
}
