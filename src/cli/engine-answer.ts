/** What a command puts on the tape: in whose name, and whether a running engine has taken it in. */

import { ENGINE_STREAM } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { ReadStore } from '../ports/read-store.ts';
import type { Asking } from '../requests/requests.ts';
import { codeVersion } from '../runtime/engine/code-version.ts';
import { ENGINE_CHECKPOINT } from '../runtime/projections/read-store-owner.ts';
import { comparePositions } from '../tape/envelope.ts';
import { cliActor, type OpenStores } from './stores.ts';

/** How long to wait for a running engine to take something in, and how often to look. */
const WAIT_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** The person at the command line, as requests record them. */
export function askingOf({ config, clock, events }: OpenStores): Asking {
  return { store: events, clock, actor: cliActor(config), codeVersion: codeVersion() };
}

/** Has a running engine taken in the evidence with that id at that position? One that is up does so within milliseconds. */
export async function engineTook({ events, reads }: OpenStores, id: string, position: string): Promise<boolean> {
  for (let waited = 0; waited <= WAIT_MS; waited += LOOK_EVERY_MS) {
    if ((await isDecided(events, id, position)) || (await isPassed(reads, position))) return true;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
  return false;
}

async function isDecided(events: EventStore, id: string, position: string): Promise<boolean> {
  const cascades = await events.read({ stream: ENGINE_STREAM, correlationId: id, after: position, limit: 1 });
  return cascades.length > 0;
}

/** Not everything is decided upon: what made no decision is passed all the same. */
async function isPassed(reads: ReadStore, position: string): Promise<boolean> {
  return comparePositions(await reads.checkpoint(ENGINE_CHECKPOINT), position) >= 0;
}

/** How a person is told. */
export function recordedText(decided: boolean): string {
  return decided ? 'in force' : 'recorded; no engine is running';
}
