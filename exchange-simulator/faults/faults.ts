import type { Order } from '../accounts/account.ts';
import type { Amount } from '../core/amount.ts';
import type { Clock } from '../core/clock.ts';
import type { Connections } from '../core/connections.ts';
import { NoAnswer } from '../core/venue.ts';
import type { Market } from '../market/market.ts';
import type { Fault, Operation, RefusalKind } from './fault.ts';
import { FrameFaults } from './frame-faults.ts';
import { type Interception, RequestFaults } from './request-faults.ts';

/** What an exchange lets its faults do. */
export interface Misbehaving {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly markets: ReadonlyMap<string, Market>;
  openOrders(): Order[];
  fill(order: Order, quantity: Amount): void;
  prevent(order: Order): void;
  revokeKey(id: string): void;
  wipe(): void;
}

/** From the announcement of a shutdown to the cut: long enough for it to be sent. */
const SHUTDOWN_LEAD_MS = 100;

/** A number that ids of a book begin at again after a reset: lower than any recorded one. */
const RESET_ID = 1000;

/** Faults that wait until their venue takes them. */
const WAITING = ['reject-later', 'lose-cancel-race', 'no-snapshot'] as const;

type Waiting = (typeof WAITING)[number];

/** The misbehaviours of an exchange: what is asked for on demand, and what is in force. */
export class Faults {
  readonly frames: FrameFaults;
  readonly #requests = new RequestFaults();
  readonly #exchange: Misbehaving;
  /** Values in force until a time. */
  readonly #timed = new Map<string, { readonly until: number; readonly value: number }>();
  #deafSubscriptions = 0;
  readonly #listeners = new Set<(fault: Fault) => void>();
  /** Times that are left of faults that wait for a venue. */
  readonly #waiting = { 'reject-later': 0, 'lose-cancel-race': 0, 'no-snapshot': 0 };
  /** When the exchange last went down for a restart, on the machine's clock; 0 before the first. */
  restartedAt = 0;
  /** Everything that was injected, in order. */
  readonly injected: Fault[] = [];

  constructor(exchange: Misbehaving) {
    this.#exchange = exchange;
    this.frames = new FrameFaults(exchange.clock);
  }

  /** Makes the exchange misbehave, now or at the next occasion. */
  inject(fault: Fault): void {
    this.injected.push(fault);
    switch (fault.kind) {
      case 'silence':
      case 'delay':
      case 'duplicate':
      case 'reorder':
      case 'gap':
        this.frames.add(fault);
        break;
      case 'refuse':
      case 'lose-answer':
      case 'slow-answer':
      case 'slow-arrival':
        this.#requests.add(fault);
        break;
      case 'deaf-subscribe':
        this.#deafSubscriptions += fault.times;
        break;
      case 'reject-later':
      case 'lose-cancel-race':
      case 'no-snapshot':
        this.#waiting[fault.kind] += fault.times;
        break;
      case 'checksums':
        this.#hold('checksums', fault.as === 'right' ? 1 : 2, fault.forMs);
        break;
      case 'clock-skew':
        this.#hold('clock-skew', fault.byMs, fault.forMs);
        break;
      case 'hide-orders':
        this.#hold('hide-orders', fault.byMs, fault.forMs);
        break;
      case 'ban':
        this.#hold('ban', this.#exchange.clock.now() + fault.forMs, fault.forMs);
        break;
      case 'no-quote-amount':
        this.#hold('no-quote-amount', 1, fault.forMs);
        break;
      case 'refuse-connections':
        this.#hold('refuse-connections', 1, fault.forMs);
        break;
      default:
        this.#happen(fault);
    }
    for (const listener of this.#listeners) listener(fault);
  }

  /** For what a venue does itself where a fault happens; the function returned ends it. */
  observe(listener: (fault: Fault) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends what is in force and forgets what waits. What has happened stays. */
  clear(): void {
    this.frames.clear();
    this.#requests.clear();
    this.#timed.clear();
    this.#deafSubscriptions = 0;
    for (const kind of WAITING) this.#waiting[kind] = 0;
    for (const market of this.#exchange.markets.values()) market.status = 'trading';
  }

  intercept(operation: Operation): Interception {
    return this.#requests.intercept(operation);
  }

  /**
   * Carries out a request with the misbehaviours that wait for its operation. Rejects with `NoAnswer` where the answer
   * is lost, and with `refusal`'s error where one is asked for.
   */
  async carryOut<T>(operation: Operation, refusal: (kind: RefusalKind) => Error, action: () => T): Promise<T> {
    const { clock } = this.#exchange;
    const fate = this.intercept(operation);
    if (fate.refuseBefore !== undefined) throw refusal(fate.refuseBefore);
    if (fate.arriveAfterMs > 0) await new Promise<void>((resolve) => clock.after(fate.arriveAfterMs, resolve));
    const result = action();
    if (fate.answerAfterMs > 0) await new Promise<void>((resolve) => clock.after(fate.answerAfterMs, resolve));
    if (fate.isAnswerLost) throw new NoAnswer();
    if (fate.refuseAfter !== undefined) throw refusal(fate.refuseAfter);
    return result;
  }

  /** Uses up one time of a fault that waits for a venue, if there is one. */
  take(kind: Waiting): boolean {
    if (this.#waiting[kind] === 0) return false;
    this.#waiting[kind] -= 1;
    return true;
  }

  get clockSkewMs(): number {
    return this.#value('clock-skew');
  }

  get hidesOrdersForMs(): number {
    return this.#value('hide-orders');
  }

  /** When the ban of all addresses ends, on the machine's clock; 0 while there is none. */
  get bannedUntil(): number {
    return this.#value('ban');
  }

  get hasNoQuoteAmounts(): boolean {
    return this.#value('no-quote-amount') !== 0;
  }

  /** Nobody is there to answer a request. */
  get isDown(): boolean {
    return this.#value('down') !== 0;
  }

  mayConnect(isPrivate: boolean): boolean {
    return this.#value('refuse-connections') === 0 && !(isPrivate && this.#value('refuse-private') !== 0);
  }

  /** Uses up one deaf subscription, if there is one. */
  takeDeafSubscription(): boolean {
    if (this.#deafSubscriptions === 0) return false;
    this.#deafSubscriptions -= 1;
    return true;
  }

  /** Of the levels, others than those, or none. */
  get checksums(): 'none' | 'right' | 'wrong' {
    const value = this.#value('checksums');
    return value === 0 ? 'none' : value === 1 ? 'right' : 'wrong';
  }

  #happen(fault: Fault): void {
    const { connections, clock } = this.#exchange;
    if (fault.kind === 'cut') connections.cut(fault.on);
    if (fault.kind === 'revoke-key') this.#exchange.revokeKey(fault.key);
    if (fault.kind === 'wipe') this.#exchange.wipe();
    if (fault.kind === 'market-status') this.#setStatus(fault.status, fault.forMs);
    if (fault.kind === 'restart') {
      connections.announceShutdown();
      this.#hold('refuse-connections', 1, fault.downMs);
      this.#hold('down', 1, fault.downMs);
      clock.after(SHUTDOWN_LEAD_MS, () => {
        connections.cut('all');
        this.restartedAt = clock.now();
        if (fault.isIdReset) this.#resetIds(false);
      });
    }
    if (fault.kind === 'reset-books') this.#resetIds(fault.isEmpty);
    if (fault.kind === 'upgrade') {
      const announced = connections.announceShutdown();
      clock.after(fault.leadMs, () => {
        for (const connection of announced) connection.cut();
      });
    }
    if (fault.kind === 'fill-away') {
      this.#hold('refuse-private', 1, fault.forMs);
      connections.cut('private');
      const halfway = Math.floor(fault.forMs / 2);
      clock.after(halfway, () => this.#fillFirst(fault.isWhole));
    }
    if (fault.kind === 'prevent') {
      const [order] = this.#exchange.openOrders();
      if (order !== undefined) this.#exchange.prevent(order);
    }
  }

  #fillFirst(isWhole: boolean): void {
    const [order] = this.#exchange.openOrders();
    if (order === undefined) return;
    const { lotSize } = order.market.instrument;
    const half = order.remaining / 2n;
    this.#exchange.fill(order, isWhole || half < lotSize ? order.remaining : half - (half % lotSize));
  }

  #setStatus(status: 'cancel-only' | 'halted', forMs: number): void {
    for (const market of this.#exchange.markets.values()) market.status = status;
    this.#exchange.clock.after(forMs, () => {
      for (const market of this.#exchange.markets.values()) if (market.status === status) market.status = 'trading';
    });
  }

  #resetIds(isHidden: boolean): void {
    for (const market of this.#exchange.markets.values()) market.resetIds(this.#exchange.clock.now(), RESET_ID, isHidden);
  }

  #hold(name: string, value: number, forMs: number): void {
    this.#timed.set(name, { until: this.#exchange.clock.now() + forMs, value });
  }

  #value(name: string): number {
    const held = this.#timed.get(name);
    return held !== undefined && held.until > this.#exchange.clock.now() ? held.value : 0;
  }
}
