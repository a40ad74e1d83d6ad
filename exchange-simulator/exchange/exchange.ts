import { Account, type FeeRates, type Order, type OrderRequest } from '../accounts/account.ts';
import type { ApiKey } from '../accounts/api-key.ts';
import { Matching, type MatchingRules, Refusal } from '../accounts/matching.ts';
import { Submissions } from '../accounts/submissions.ts';
import type { Amount } from '../core/amount.ts';
import type { Clock } from '../core/clock.ts';
import { Connections } from '../core/connections.ts';
import { Faults } from '../faults/faults.ts';
import type { Market } from '../market/market.ts';

/** What every venue has beneath its protocol: markets, accounts, matching, and the misbehaviours of the moment. */
export class Exchange {
  readonly clock: Clock;
  /** By the name that each was added under. */
  readonly markets = new Map<string, Market>();
  readonly accounts: Account[] = [];
  readonly keys = new Map<string, ApiKey>();
  readonly submissions = new Submissions();
  readonly connections = new Connections();
  readonly faults: Faults;
  readonly #matching = new Map<Market, Matching>();
  readonly #initial = new Map<Account, Readonly<Record<string, Amount>>>();
  readonly #keyListeners = new Set<(key: ApiKey) => void>();
  readonly #rules: MatchingRules;
  #lastOrderId = 0;

  constructor(clock: Clock, rules: MatchingRules) {
    this.clock = clock;
    this.#rules = rules;
    this.faults = new Faults(this);
  }

  /** The time that the venue believes it is. */
  now(): number {
    return this.clock.now() + this.faults.clockSkewMs;
  }

  /** `name`: its symbol, but where a venue has one symbol in several categories. */
  addMarket(market: Market, name = market.instrument.symbol): void {
    this.markets.set(name, market);
    this.#matching.set(
      market,
      new Matching(
        market,
        this.#rules,
        () => this.now(),
        () => this.#nextOrderId(),
      ),
    );
  }

  addAccount(fees: FeeRates, balances: Readonly<Record<string, Amount>>): Account {
    const account = new Account(this.accounts.length + 1, fees, balances);
    this.accounts.push(account);
    this.#initial.set(account, balances);
    return account;
  }

  addKey(key: ApiKey): void {
    this.keys.set(key.id, key);
  }

  /** The key works no more; sessions that used it are told. */
  revokeKey(id: string): void {
    const key = this.keys.get(id);
    if (key === undefined || !this.keys.delete(id)) return;
    for (const listener of this.#keyListeners) listener(key);
  }

  onKeyRevoked(listener: (key: ApiKey) => void): () => void {
    this.#keyListeners.add(listener);
    return () => this.#keyListeners.delete(listener);
  }

  #nextOrderId(): number {
    this.#lastOrderId += 1;
    return this.#lastOrderId;
  }

  /** Throws a `Refusal` where the matching engine does not accept the order. Every attempt is noted. */
  place(account: Account, market: Market, request: OrderRequest): Order {
    const { symbol } = market.instrument;
    const attempt = { at: this.now(), account: account.id, symbol, clientId: request.clientId };
    try {
      const order = this.#matchingOf(market).place(account, request);
      order.visibleAt = order.createdAt + this.faults.hidesOrdersForMs;
      this.submissions.add({ ...attempt, outcome: 'accepted', orderId: order.id });
      return order;
    } catch (error) {
      const isDuplicate = error instanceof Refusal && error.reason === 'duplicate-client-id';
      this.submissions.add({ ...attempt, outcome: isDuplicate ? 'duplicate' : 'refused' });
      throw error;
    }
  }

  /** Notes an order that a venue acknowledged and then did not accept, and tells its account. `reason` is in the venue's words. */
  reject(account: Account, market: Market, request: OrderRequest, reason: string): Order {
    return this.#matchingOf(market).reject(account, request, reason);
  }

  /** False where the order was not open any more. */
  cancel(order: Order, cancelClientId: string): boolean {
    return this.#matchingOf(order.market).cancel(order, cancelClientId);
  }

  /** Fills an open order at its price as if trades had reached it. */
  fill(order: Order, quantity: Amount): void {
    this.#matchingOf(order.market).fill(order, quantity);
  }

  /** Ends an open order as self-trade prevention does: without a trade. */
  prevent(order: Order): void {
    this.#matchingOf(order.market).prevent(order);
  }

  openOrders(): Order[] {
    return this.accounts.flatMap((account) => account.openOrders());
  }

  /** Orders of an account that the venue's reads know by now. */
  visibleOrders(account: Account): Order[] {
    return account.orders.filter((order) => order.visibleAt <= this.now());
  }

  /** Forgets orders and fills, and puts the first balances back. */
  wipe(): void {
    for (const account of this.accounts) {
      for (const order of account.openOrders()) this.cancel(order, '');
      account.begin(this.#initial.get(account) ?? {});
    }
  }

  #matchingOf(market: Market): Matching {
    return this.#matching.get(market) as Matching;
  }
}
