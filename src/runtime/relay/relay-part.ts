/** The relay as a part of a process: alone, or under its lease among several instances. */

import { aborted, pause } from '../../waiting.ts';
import type { Lease } from '../leases/lease.ts';
import type { RunPart, TellState } from '../process/supervisor.ts';
import { type Relay, type RelayDependencies, startRelay } from './relay.ts';

/** A lasting fault at the start ends the process; later the process has other work, and goes on with that. */
const START_UP_MS = 60_000;
/** After so many failures in a row, some 15 s of them, another instance may try: Kafka may be out of reach from here alone. */
const MOST_FAILURES = 5;
/** For so long the others come first then. */
const STEP_BACK_MS = 10_000;

/** Calls `onRelay` with the relay that runs here, and with null when it has ended. */
export function relayPart(
  dependencies: Omit<RelayDependencies, 'isPatient' | 'onState'>,
  lease: Lease | null,
  onRelay: (relay: Relay | null) => void,
): RunPart {
  const { time } = dependencies;
  const began = time.monotonic();
  return async (tell, signal) => {
    while (!signal.aborted) {
      const over = await untilOver(lease, tell, signal);
      if (over.aborted) continue;
      const isPatient = time.monotonic() - began > START_UP_MS;
      const givenUp = new AbortController();
      let failures = 0;
      const relay = startRelay({
        ...dependencies,
        isPatient,
        onState: (state, reason) => {
          if (state === 'relaying') {
            failures = 0;
            tell('running');
          } else if (state === 'waiting') {
            tell('waiting', reason ?? '');
            if (lease !== null && ++failures === MOST_FAILURES) givenUp.abort();
          }
        },
      });
      relay.ended.catch(() => undefined);
      onRelay(relay);
      try {
        await Promise.race([relay.ended, aborted(AbortSignal.any([over, givenUp.signal]))]);
      } finally {
        await relay.close();
        onRelay(null);
      }
      if (!givenUp.signal.aborted || signal.aborted) continue;
      await lease?.giveBack().catch(() => undefined);
      await pause(time, STEP_BACK_MS, signal);
    }
  };
}

/** A signal that aborts when the tenure is over; it has aborted already when the process ends before one begins. */
async function untilOver(lease: Lease | null, tell: TellState, signal: AbortSignal): Promise<AbortSignal> {
  if (lease === null) return signal;
  tell('standby');
  const tenure = await lease.acquire(signal);
  return tenure === undefined ? signal : AbortSignal.any([signal, tenure.ended]);
}
