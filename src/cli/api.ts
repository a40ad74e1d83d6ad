/** The API of a process: in a thread of its own or in this one; or the probes alone. */

import { canBeShared } from '../adapters/open.ts';
import { type ServedApi, startApi, startProbes } from '../api/serve.ts';
import { startApiThread } from '../api/thread/api-thread.ts';
import type { System, SystemDependencies } from '../system-dependencies.ts';
import type { OpenStores } from './stores.ts';
import type { Screen } from './terminal/screen.ts';

/** Serves the API in a thread of its own, or in this one where the stores are in its memory. */
export function serveApi(
  { config, leases }: OpenStores,
  dependencies: SystemDependencies,
  { metrics, events, heartbeat, report }: System,
  logFile: string | undefined,
): Promise<ServedApi> {
  const { reads, time, log, codeVersion } = dependencies;
  const isAcross = leases !== null;
  if (!canBeShared(config))
    return startApi({ events, reads, time, log, codeVersion, metrics, heartbeat, report, isAcross }, config);
  const main = { append: events.append.bind(events), figures: () => metrics.snapshot(), report };
  return startApiThread(time, main, { heartbeat, codeVersion, logFile, isAcross });
}

/** Serves what the cluster asks of a process without the API. Others on the same machine may have the port. */
export async function serveProbes(
  { config }: OpenStores,
  { log, time }: SystemDependencies,
  system: System,
  screen: Screen,
): Promise<ServedApi | undefined> {
  try {
    return await startProbes({ log, time }, system, config);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    screen.warn(`/livez, /readyz, /startupz and /metrics are not served: port ${config.port} is in use; set PORT to another one`);
    return undefined;
  }
}
