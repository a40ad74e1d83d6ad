/** The engine with its times taken from outside: the domain has no clock. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { Engine } from '../../domain/engine/engine.ts';
import type { Emit, Reactor } from '../../domain/engine/reactor.ts';
import type { MakeId } from '../../domain/event.ts';
import type { Metrics } from '../../metrics.ts';

/** What makes the desk check an order. */
const ORDER_CAUSES: ReadonlySet<string> = new Set(['SignalGenerated', 'OrderRequested']);

/** An engine that decides the same, and tells how long it took and how much followed. */
export class MeteredEngine extends Engine {
  readonly #metrics: Metrics;

  constructor(reactors: readonly Reactor[], makeId: MakeId, codeVersion: string, metrics: Metrics) {
    super(
      reactors.map((reactor) => (reactor.name === 'desk' ? new MeteredDesk(reactor, metrics) : reactor)),
      makeId,
      codeVersion,
    );
    this.#metrics = metrics;
  }

  override decide(evidence: TapeEvent): TapeEvent[] {
    const began = performance.now();
    const cascade = super.decide(evidence);
    this.#metrics.decide.observe({ type: evidence.type }, (performance.now() - began) / 1_000);
    if (cascade.length > 0) this.#metrics.cascade.observe(cascade.length);
    return cascade;
  }
}

/** Times the desk where it checks orders, and nowhere else. */
class MeteredDesk implements Reactor {
  readonly name: string;
  readonly #desk: Reactor;
  readonly #metrics: Metrics;

  constructor(desk: Reactor, metrics: Metrics) {
    this.name = desk.name;
    this.#desk = desk;
    this.#metrics = metrics;
  }

  evolve(event: TapeEvent): void {
    this.#desk.evolve(event);
  }

  decide(event: TapeEvent, emit: Emit): void {
    if (!ORDER_CAUSES.has(event.type)) {
      this.#desk.decide(event, emit);
      return;
    }
    const began = performance.now();
    this.#desk.decide(event, emit);
    this.#metrics.risk.observe({ cause: event.type }, (performance.now() - began) / 1_000);
  }

  snapshot(): unknown {
    return this.#desk.snapshot();
  }

  restore(snapshot: unknown): void {
    this.#desk.restore(snapshot);
  }
}
