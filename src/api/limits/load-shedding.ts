/**
 * Load shedding: how many requests may be in hand at once, and which reads begin. Beyond that the server refuses at once, instead of keeping
 * requests and answers until memory is full. Each kind has a budget of its own: a flood of reads keeps nobody from
 * changing something, and whatever else is in hand keeps nobody from halting. Each budget is shared out by API key, and
 * what needs no key by address. The cluster's probes always pass: they matter most under load.
 */

import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import { METRICS_PATH } from '../http/public-paths.ts';
import { Budget } from './budget.ts';
import { busy, MAX_ANSWER_BYTES, type Reading, ReadTurns } from './read-turns.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: it was refused before it was in hand. */
    reading: Reading | null;
    inHand: InHand | null;
  }
}

/** Most of each kind. A request is in hand until its client has received the answer. */
export const MAX_IN_HAND = {
  reads: 2_000,
  /** Reads that name a position: each may be held until that is reached. */
  waits: 200,
  changes: 2_000,
  halts: 200,
  /** The pages and files for everybody; they are large. */
  files: 32,
  metrics: 16,
} as const;
/** On one connection, where each answer waits for those before it. */
export const MAX_ON_CONNECTION = 100;

type Kind = keyof typeof MAX_IN_HAND;

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A request in hand. */
class InHand {
  readonly #here: Set<InHand>;
  readonly #budget: Budget | undefined;
  readonly #holder: string | null;
  readonly #reading: Reading;

  /** `here`: what its connection has in hand. */
  constructor(here: Set<InHand>, budget: Budget | undefined, holder: string | null, reading: Reading) {
    this.#here = here;
    this.#budget = budget;
    this.#holder = holder;
    this.#reading = reading;
    here.add(this);
    budget?.take(holder);
  }

  /** It is answered, or its client is gone. */
  end(): void {
    if (!this.#here.delete(this)) return;
    this.#budget?.giveBack(this.#holder);
    this.#reading.end();
  }
}

/** Refuses requests beyond the limits: 503. Goes behind `knowRoutes` and the check of the key. */
export function shedLoad(server: FastifyInstance, metrics: Metrics, time: Time): void {
  const budgets = new Map<Kind, Budget>();
  for (const kind of Object.keys(MAX_IN_HAND) as Kind[]) {
    const budget = new Budget(MAX_IN_HAND[kind]);
    budgets.set(kind, budget);
    metrics.watchQueue({ name: `http-${kind}`, limit: budget.limit, depth: () => budget.inHand });
  }
  const turns = new ReadTurns(time);
  metrics.watchQueue({ name: 'http-answer-bytes', limit: MAX_ANSWER_BYTES, depth: () => turns.answerBytes });
  server.decorateRequest('reading', null);
  server.decorateRequest('inHand', null);
  const connections = new WeakMap<Socket, Set<InHand>>();
  server.addHook('onRequest', (request, _reply, done) => {
    const here = inHandOn(connections, request.raw.socket);
    if (here.size >= MAX_ON_CONNECTION) return done(busy(`${here.size} requests in hand on this connection`));
    const { isHealth, isPublic } = request.asked;
    const budget = isHealth ? undefined : budgets.get(kindOf(request));
    const holder = isPublic ? request.ip : holderOf(request);
    if (budget?.isUsedUp(holder)) return done(busy(`${budget.inHand} requests of this kind in hand`));
    request.reading = turns.reading(holder);
    request.inHand = new InHand(here, budget, holder, request.reading);
    done();
  });
  server.addHook('onResponse', (request, _reply, done) => {
    request.inHand?.end();
    done();
  });
  server.addHook('onSend', (request, _reply, payload, done) => {
    request.reading?.made(payload);
    done(null, payload);
  });
}

function inHandOn(connections: WeakMap<Socket, Set<InHand>>, socket: Socket): Set<InHand> {
  const known = connections.get(socket);
  if (known !== undefined) return known;
  const inHand = new Set<InHand>();
  connections.set(socket, inHand);
  // Answers behind the one that was being sent never end.
  socket.once('close', () => {
    for (const request of inHand) request.end();
  });
  return inHand;
}

function kindOf(request: FastifyRequest): Kind {
  const { path, isPublic, isHalt } = request.asked;
  if (path === METRICS_PATH) return 'metrics';
  if (isPublic) return 'files';
  if (isHalt) return 'halts';
  if (!READS.has(request.method)) return 'changes';
  return 'min-position' in (request.query as object) ? 'waits' : 'reads';
}

/** Whose share of a budget a request is in, by its key; null: without keys there is nobody to share with. */
export function holderOf({ keyName }: FastifyRequest): string | null {
  return keyName;
}
