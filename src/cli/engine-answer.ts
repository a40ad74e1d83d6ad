/** The engine's answer to what a command puts on the tape: whether a running engine has processed it. */

import { ENGINE_STREAM } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { ReadStore } from '../ports/read-store.ts';
import type { RequestContext } from '../requests/requests.ts';
import { codeVersion } from '../runtime/engine/code-version.ts';
import { ENGINE_CHECKPOINT } from '../runtime/engine/engine-checkpoint.ts';
import { comparePositions } from '../tape/envelope.ts';
import { pause } from '../waiting.ts';
import { cliActor, type OpenStores } from './stores.ts';

/** How long to wait for a running engine, and how often to look. */
const WAIT_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** The person at the command line, as requests record them. */
export function requestContextOf({ config, time, events }: OpenStores): RequestContext {
  return { store: events, clock: time, actor: cliActor(config), codeVersion: codeVersion() };
}

/** Has a running engine processed the evidence with that id at that position? One that is up does so within milliseconds. */
export async function engineAnswered({ events, reads, time }: OpenStores, id: string, position: string): Promise<boolean> {
  for (let waited = 0; waited <= WAIT_MS; waited += LOOK_EVERY_MS) {
    if ((await isDecided(events, id, position)) || (await isPassed(reads, position))) return true;
    await pause(time, LOOK_EVERY_MS);
  }
  return false;
}

/** With the last copy there, whatever was decided before it on orders and accounts is in its streams as well. */
async function isDecided(events: EventStore, id: string, position: string): Promise<boolean> {
  const query = { stream: ENGINE_STREAM, correlationId: id, after: position };
  const [first] = await events.read({ ...query, limit: 1 });
  if (first?.type !== 'CascadeDecided') return false;
  const last = (await events.read({ ...query, limit: first.data.parts })).at(-1);
  const decision = last?.type === 'CascadeDecided' ? last.data.decisions.at(-1) : undefined;
  if (decision === undefined) return false;
  const copies = await events.read({ stream: decision.stream, after: position, idBeginning: decision.id, limit: 1 });
  return copies.length > 0;
}

/** Some evidence leads to no decision; the engine's checkpoint passes it all the same. */
async function isPassed(reads: ReadStore, position: string): Promise<boolean> {
  return comparePositions(await reads.checkpoint(ENGINE_CHECKPOINT), position) >= 0;
}

/** Waits until the engine has come past that position, or for as long as for an answer. */
export async function enginePassed({ reads, time }: OpenStores, position: string): Promise<void> {
  for (let waited = 0; waited <= WAIT_MS && !(await isPassed(reads, position)); waited += LOOK_EVERY_MS) {
    await pause(time, LOOK_EVERY_MS);
  }
}

/** The engine's answer in words. */
export function answerText(isAnswered: boolean): string {
  return isAnswered ? 'in force' : 'recorded; no engine is running';
}
