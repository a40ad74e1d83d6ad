/**
 * The deterministic state machine over the evidence, in tape order. For each piece of evidence the reactors run in
 * their fixed order, and what they decide is handed on, first in, first out, until nothing more follows: a cascade.
 */

import { type EventData, type EventName, findEventType, type TapeEvent } from '../catalogue.ts';
import type { MakeId, Metadata } from '../event.ts';
import type { RecordedDecision } from './events.ts';
import type { Emit, Reactor } from './reactor.ts';

/** Most decisions that one piece of evidence may cause; more is a loop between reactors, and so a bug. */
export const MAX_CASCADE = 500;

/** An event upon which others may be decided: evidence as recorded, or a decision of the same cascade. */
type Decided = TapeEvent;

export class Engine {
  readonly #reactors: readonly Reactor[];
  readonly #makeId: MakeId;
  readonly #codeVersion: string;

  constructor(reactors: readonly Reactor[], makeId: MakeId, codeVersion: string) {
    this.#reactors = reactors;
    this.#makeId = makeId;
    this.#codeVersion = codeVersion;
  }

  /** Takes one piece of evidence and returns everything that was decided upon it, in order. */
  decide(evidence: TapeEvent): TapeEvent[] {
    const cascade: Decided[] = [];
    this.#evolve(evidence);
    this.#decideUpon(evidence, evidence, cascade);
    for (let next = 0; next < cascade.length; next++) {
      this.#decideUpon(cascade[next] as Decided, evidence, cascade);
    }
    return cascade;
  }

  /** Takes one piece of evidence with what is recorded to have followed from it, without deciding. */
  adopt(evidence: TapeEvent, cascade: readonly TapeEvent[]): void {
    this.#evolve(evidence);
    for (const decision of cascade) this.#evolve(decision);
  }

  /** A copy of the state of all reactors. */
  snapshot(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#reactors.map((reactor) => [reactor.name, reactor.snapshot()]));
  }

  /** Puts back a copy made by `snapshot` of an engine with the same reactors. */
  restore(snapshot: Readonly<Record<string, unknown>>): void {
    for (const reactor of this.#reactors) {
      if (!(reactor.name in snapshot)) throw new Error(`the snapshot has no state for the reactor "${reactor.name}"`);
      reactor.restore(snapshot[reactor.name]);
    }
  }

  #evolve(event: TapeEvent): void {
    for (const reactor of this.#reactors) reactor.evolve(event);
  }

  #decideUpon(cause: TapeEvent, evidence: TapeEvent, cascade: Decided[]): void {
    for (const reactor of this.#reactors) {
      let index = 0;
      const emit: Emit = (type, stream, data) => {
        const decision = this.#makeDecision(reactor.name, index++, cause, evidence, type, stream, data);
        if (cascade.push(decision) > MAX_CASCADE) {
          throw new Error(
            `more than ${MAX_CASCADE} decisions upon ${evidence.type} ${evidence.id}: the reactors do not come to rest`,
          );
        }
        this.#evolve(decision);
      };
      reactor.decide(cause, emit);
    }
  }

  #makeDecision<N extends EventName>(
    reactor: string,
    index: number,
    cause: TapeEvent,
    evidence: TapeEvent,
    type: N,
    stream: string,
    data: EventData[N],
  ): TapeEvent {
    const known = findEventType(type);
    if (known === undefined) throw new Error(`the reactor "${reactor}" decided "${type}", which is not in the catalogue`);
    return {
      id: this.#makeId(`${reactor}|${cause.id}|${index}`),
      stream,
      type,
      schemaVersion: known.version,
      // What was decided is what will be read back: the schema's own order and fields, or a bug that fails here.
      data: known.schema.parse(data) as EventData[N],
      metadata: {
        occurredAt: evidence.metadata.occurredAt,
        correlationId: evidence.metadata.correlationId,
        causationId: cause.id,
        actor: 'engine',
        codeVersion: this.#codeVersion,
        reactor,
        evidence: evidence.id,
        index: index.toString(),
        ...traceOf(evidence.metadata),
      },
    } as TapeEvent;
  }
}

/** What follows from a request is found from its caller's own traces, as the request is. */
export function traceOf({ traceparent }: Metadata): Pick<Metadata, 'traceparent'> {
  return traceparent === undefined ? {} : { traceparent };
}

/** The form in which a decision is kept within its cascade. */
export function toRecordedDecision(decision: TapeEvent): RecordedDecision {
  const { reactor, causationId, index } = decision.metadata;
  if (reactor === undefined || index === undefined) throw new Error(`${decision.type} ${decision.id} is not a decision`);
  return {
    id: decision.id,
    stream: decision.stream,
    type: decision.type,
    schemaVersion: decision.schemaVersion,
    data: decision.data as Record<string, unknown>,
    reactor,
    causationId,
    index: Number(index),
  };
}

/** Makes the decision again from its recorded form and the metadata of the cascade that it is kept in. */
export function fromRecordedDecision(
  decision: RecordedDecision,
  cascade: { readonly evidenceId: string; readonly metadata: TapeEvent['metadata'] },
): TapeEvent {
  return {
    id: decision.id,
    stream: decision.stream,
    type: decision.type,
    schemaVersion: decision.schemaVersion,
    data: decision.data,
    metadata: {
      occurredAt: cascade.metadata.occurredAt,
      correlationId: cascade.metadata.correlationId,
      causationId: decision.causationId,
      actor: 'engine',
      codeVersion: cascade.metadata.codeVersion,
      reactor: decision.reactor,
      evidence: cascade.evidenceId,
      index: decision.index.toString(),
      ...traceOf(cascade.metadata),
    },
  } as TapeEvent;
}
