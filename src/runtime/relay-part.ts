/** The relay as a part of a process: alone, or under its lease among several instances. */

import { aborted } from './abort.ts';
import type { Lease } from './lease.ts';
import { type Relay, type RelayParts, startRelay } from './relay.ts';
import type { RunPart, TellState } from './supervisor.ts';

/** What is wrong at the start ends the process at once; later it has other work, and goes on with that. */
const START_UP_MS = 60_000;

/** `onRelay` is told of the relay that runs here; null: none any more. */
export function relayPart(
  parts: Omit<RelayParts, 'isPatient' | 'onState'>,
  lease: Lease | null,
  onRelay: (relay: Relay | null) => void,
): RunPart {
  const began = performance.now();
  return async (tell, signal) => {
    while (!signal.aborted) {
      const turn = await turnOf(lease, tell, signal);
      if (turn.aborted) continue;
      const isPatient = performance.now() - began > START_UP_MS;
      const relay = startRelay({
        ...parts,
        isPatient,
        onState: (state, reason) => {
          if (state === 'relaying') tell('running');
          else if (state === 'waiting') tell('waiting', reason ?? '');
        },
      });
      relay.ended.catch(() => undefined);
      onRelay(relay);
      try {
        await Promise.race([relay.ended, aborted(turn)]);
      } finally {
        await relay.close();
        onRelay(null);
      }
    }
  };
}

/** Aborts when it is over; aborted already when the process ends before it begins. */
async function turnOf(lease: Lease | null, tell: TellState, signal: AbortSignal): Promise<AbortSignal> {
  if (lease === null) return signal;
  tell('standby');
  const holding = await lease.acquire(signal);
  return holding === undefined ? signal : AbortSignal.any([signal, holding.ended]);
}
