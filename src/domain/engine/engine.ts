/**
 * The deterministic state machine over the evidence, in tape order. For each piece of evidence the reactors run in
 * their fixed order, and what they decide is handed on, first in, first out, until nothing more follows: a cascade.
 */

import { type EventData, type EventName, findEventType, inTodaysShape, type TapeEvent } from '../catalogue.ts';
import type { MakeId, Metadata } from '../event.ts';
import { evolveSettings, noSettings, type SettingsInForce } from '../settings/in-force.ts';
import type { RecordedDecision } from './events.ts';
import type { DecisionContext, Emit, Reactor } from './reactor.ts';

/** Most decisions that one piece of evidence may cause; more is a loop between reactors, and so a bug. */
export const MAX_CASCADE = 500;

/** A copy of all that an engine holds. */
export interface EngineSnapshot {
  readonly settings: SettingsInForce;
  /** By the names of the reactors. */
  readonly states: ReadonlyMap<string, unknown>;
}

/** Observes the engine at work. The domain has no clock: an observer takes its times outside. Both call `work` once. */
export interface EngineObserver {
  /** Called around the whole cascade on one piece of evidence; returns what `work` returns. */
  cascade(evidence: TapeEvent, work: () => TapeEvent[]): TapeEvent[];
  /** Called around what all reactors decide on one event of a cascade directly. */
  reaction(cause: TapeEvent, work: () => void): void;
}

/** A reactor with its state. */
interface Part {
  readonly reactor: Reactor;
  state: unknown;
}

export class Engine {
  readonly #parts: readonly Part[];
  readonly #makeId: MakeId;
  readonly #codeVersion: string;
  readonly #observer: EngineObserver | undefined;
  #settings = noSettings();

  constructor(reactors: readonly Reactor[], makeId: MakeId, codeVersion: string, observer?: EngineObserver) {
    this.#parts = reactors.map((reactor) => ({ reactor, state: reactor.start() }));
    this.#makeId = makeId;
    this.#codeVersion = codeVersion;
    this.#observer = observer;
  }

  /** Takes one piece of evidence and returns everything that was decided on it, in order. */
  decide(evidence: TapeEvent): TapeEvent[] {
    if (this.#observer === undefined) return this.#decideCascade(evidence);
    return this.#observer.cascade(evidence, () => this.#decideCascade(evidence));
  }

  /** Takes one piece of evidence with what is recorded to have followed from it, maybe by an older build, without deciding. */
  adopt(evidence: TapeEvent, cascade: readonly TapeEvent[]): void {
    this.#evolve(evidence);
    for (const decision of cascade) this.#evolve(inTodaysShape(decision));
  }

  /** A copy of the settings in force and of every state, which later events do not change. */
  snapshot(): EngineSnapshot {
    const states = new Map(this.#parts.map(({ reactor, state }) => [reactor.name, state]));
    return structuredClone({ settings: this.#settings, states });
  }

  /** Puts back a copy made by `snapshot` of an engine with the same reactors. */
  restore(snapshot: EngineSnapshot): void {
    const { settings, states } = structuredClone(snapshot);
    for (const { reactor } of this.#parts) {
      if (!states.has(reactor.name)) throw new Error(`the snapshot has no state for the reactor "${reactor.name}"`);
    }
    this.#settings = settings;
    for (const part of this.#parts) part.state = states.get(part.reactor.name);
  }

  #decideCascade(evidence: TapeEvent): TapeEvent[] {
    const cascade: TapeEvent[] = [];
    this.#evolve(evidence);
    this.#react(evidence, evidence, cascade);
    for (let next = 0; next < cascade.length; next++) this.#react(cascade[next] as TapeEvent, evidence, cascade);
    return cascade;
  }

  #evolve(event: TapeEvent): void {
    evolveSettings(this.#settings, event);
    for (const { reactor, state } of this.#parts) reactor.evolve(state, event, this.#settings);
  }

  #react(cause: TapeEvent, evidence: TapeEvent, cascade: TapeEvent[]): void {
    if (this.#observer === undefined) this.#decideUpon(cause, evidence, cascade);
    else this.#observer.reaction(cause, () => this.#decideUpon(cause, evidence, cascade));
  }

  #decideUpon(cause: TapeEvent, evidence: TapeEvent, cascade: TapeEvent[]): void {
    for (const { reactor, state } of this.#parts) {
      let index = 0;
      const emit: Emit = (type, stream, data) => {
        const decision = this.#makeDecision(reactor.name, index++, cause, evidence, type, stream, data);
        if (cascade.push(decision) > MAX_CASCADE) {
          throw new Error(
            `more than ${MAX_CASCADE} decisions on ${evidence.type} ${evidence.id}: the reactors do not come to rest`,
          );
        }
        this.#evolve(decision);
      };
      const context: DecisionContext = { settings: this.#settings, emit, makeId: this.#makeId };
      reactor.decide(state, cause, context);
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
      // The decision must read back as it is: in the schema's order and with its fields. Otherwise a bug fails here.
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

/** Decisions on a request carry its trace, so that its caller finds them as he finds the request. */
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
