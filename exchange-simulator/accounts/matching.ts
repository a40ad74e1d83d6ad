import { type Amount, divide, least, multiply } from '../core/amount.ts';
import type { Market } from '../market/market.ts';
import type { DepthChanged, Level, Side, TradePrinted } from '../market/market-event.ts';
import { type Account, type Fill, Order, type OrderChange, type OrderRequest, type OrderStatus } from './account.ts';

export type RefusalReason = 'duplicate-client-id' | 'insufficient-balance' | 'market-closed' | 'no-liquidity' | 'would-take';

/** Where venues differ. */
export interface MatchingRules {
  /** What becomes of a post-only order that would take: refused, or accepted and cancelled at once. */
  readonly postOnlyThatTakes: 'refused' | 'canceled';
  /** Among which orders of an account a client id is unique. */
  readonly clientIdsUniqueAmong: 'open-orders' | 'all-orders';
}

/** The matching engine did not accept the order. */
export class Refusal extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Matches users' orders in one market against its recorded book. What a user took of a level is gone for all users
 * until the level changes; the public book does not show it, nor users' resting orders. A resting order is filled when
 * trades print through its price, or at it after what stood in the queue before it. Users' trades print as public ones.
 */
export class Matching {
  readonly #market: Market;
  readonly #now: () => number;
  readonly #nextOrderId: () => number;
  readonly #rules: MatchingRules;
  /** Resting orders, oldest first. */
  readonly #resting = new Set<Order>();
  /** A user's own trade fills nobody else: its quantity is spent. */
  #isPrinting = false;
  readonly #taken: Record<Side, Map<Amount, Amount>> = { buy: new Map(), sell: new Map() };

  constructor(market: Market, rules: MatchingRules, now: () => number, nextOrderId: () => number) {
    this.#market = market;
    this.#rules = rules;
    this.#now = now;
    this.#nextOrderId = nextOrderId;
    market.observe({ trade: (trade) => this.#traded(trade), depth: (change) => this.#changed(change) });
  }

  /** Throws a `Refusal` where the order is not accepted. What it can take is taken before this returns. */
  place(account: Account, request: OrderRequest): Order {
    if (this.#market.status !== 'trading') throw new Refusal('market-closed');
    if (this.#isIdInUse(account, request.clientId)) throw new Refusal('duplicate-client-id');
    const isTakingMaker = request.type === 'limit-maker' && this.#isCrossing(request);
    if (isTakingMaker && this.#rules.postOnlyThatTakes === 'refused') throw new Refusal('would-take');
    const takes = isTakingMaker ? [] : this.#takeable(request);
    if (request.type === 'market' && takes.length === 0) throw new Refusal('no-liquidity');
    const reserve = reserveOf(request, takes);
    const balance = account.balance(this.#reservedAsset(request.side));
    if (balance.free < reserve) throw new Refusal('insufficient-balance');

    const order = new Order(this.#nextOrderId(), account, this.#market, request, this.#now());
    account.add(order);
    balance.free -= reserve;
    balance.locked += reserve;
    order.locked = reserve;
    this.#tell(order, 'accepted');
    this.#take(order, takes);
    if (!order.isOpen) return order;
    if (isTakingMaker) this.#end(order, 'canceled');
    else if (request.type !== 'market' && request.timeInForce === 'GTC') this.#rest(order);
    else this.#end(order, 'expired');
    return order;
  }

  /** An order that was acknowledged and then not accepted: it reserves nothing, and its end is told. */
  reject(account: Account, request: OrderRequest, reason: string): Order {
    const order = new Order(this.#nextOrderId(), account, this.#market, request, this.#now());
    account.add(order);
    order.status = 'rejected';
    order.rejectReason = reason;
    this.#tell(order, 'rejected');
    return order;
  }

  /** False where the order is not open any more. */
  cancel(order: Order, cancelClientId: string): boolean {
    if (!order.isOpen) return false;
    order.cancelClientId = cancelClientId;
    this.#end(order, 'canceled');
    return true;
  }

  /** Fills an open order as if trades had reached it, up to `quantity`: for what happens while nobody looks. */
  fill(order: Order, quantity: Amount): void {
    if (!order.isOpen) return;
    const filled = least(quantity, order.remaining);
    this.#fill(order, order.request.price, filled, { isMaker: true, isLast: filled === order.remaining });
    this.#told(order);
  }

  /** Ends an open order without a trade, as self-trade prevention does. */
  prevent(order: Order): void {
    if (order.isOpen) this.#end(order, 'prevented');
  }

  /** What the order can take now, best first. A FOK that cannot be filled whole takes nothing. */
  #takeable(request: OrderRequest): Level[] {
    const side: Side = request.side === 'buy' ? 'sell' : 'buy';
    const takes: Level[] = [];
    let [base, quote] = [request.quantity, request.quoteQuantity];
    for (const [price, shown] of this.#market.book.top(side, Number.POSITIVE_INFINITY)) {
      if (request.type !== 'market' && (request.side === 'buy' ? price > request.price : price < request.price)) break;
      const available = shown - (this.#taken[side].get(price) ?? 0n);
      const { lotSize } = this.#market.instrument;
      const affordable = request.quantity === 0n ? divide(quote, price) : base;
      const quantity = least(available, affordable - (affordable % lotSize));
      if (quantity <= 0n && affordable < lotSize) break;
      if (quantity <= 0n) continue;
      takes.push([price, quantity]);
      base -= quantity;
      quote -= multiply(price, quantity);
      if (request.quantity > 0n && base === 0n) break;
    }
    return request.timeInForce === 'FOK' && request.type !== 'market' && base > 0n ? [] : takes;
  }

  #take(order: Order, takes: readonly Level[]): void {
    const taken = this.#taken[order.request.side === 'buy' ? 'sell' : 'buy'];
    for (const [index, [price, quantity]] of takes.entries()) {
      taken.set(price, (taken.get(price) ?? 0n) + quantity);
      const isLast = order.request.quantity === 0n ? index === takes.length - 1 : quantity === order.remaining;
      this.#fill(order, price, quantity, { isMaker: false, isLast });
    }
    if (takes.length > 0) this.#told(order);
  }

  #rest(order: Order): void {
    order.queueAhead = this.#market.book.quantityAt(order.request.side, order.request.price);
    this.#resting.add(order);
  }

  /** A public trade reaches resting orders of the side that it hit: those that it went through, and those at its price. */
  #traded(trade: TradePrinted): void {
    if (this.#isPrinting) return;
    const side: Side = trade.isBuyerMaker ? 'buy' : 'sell';
    let given = 0n;
    for (const order of this.#restingOf(side)) {
      const { price } = order.request;
      const isThrough = side === 'buy' ? trade.price < price : trade.price > price;
      if (!isThrough && trade.price !== price) continue;
      const passed = isThrough ? order.queueAhead : least(order.queueAhead, trade.quantity);
      order.queueAhead -= passed;
      const quantity = isThrough ? order.remaining : least(order.remaining, trade.quantity - passed - given);
      if (quantity <= 0n) continue;
      if (!isThrough) given += quantity;
      this.#fill(order, price, quantity, { isMaker: true, isLast: quantity === order.remaining });
      this.#told(order);
    }
  }

  /** Levels that changed are whole again; what left the queue moves orders up; levels that reach a resting order fill it. */
  #changed(change: DepthChanged): void {
    for (const [price] of change.bids) this.#taken.buy.delete(price);
    for (const [price] of change.asks) this.#taken.sell.delete(price);
    for (const order of this.#resting) {
      const { side, price } = order.request;
      order.queueAhead = least(order.queueAhead, this.#market.book.quantityAt(side, price));
      if (!this.#isCrossing(order.request)) continue;
      const other: Side = side === 'buy' ? 'sell' : 'buy';
      const takes = this.#takeable({ ...order.request, quantity: order.remaining, type: 'limit', timeInForce: 'GTC' });
      for (const [level, quantity] of takes) {
        this.#taken[other].set(level, (this.#taken[other].get(level) ?? 0n) + quantity);
        this.#fill(order, price, quantity, { isMaker: true, isLast: quantity === order.remaining });
      }
      if (takes.length > 0) this.#told(order);
    }
  }

  /** The best price of the other side is at or beyond the order's. */
  #isCrossing({ side, price }: OrderRequest): boolean {
    const best = this.#market.book.best(side === 'buy' ? 'sell' : 'buy')?.[0];
    return best !== undefined && (side === 'buy' ? best <= price : best >= price);
  }

  #isIdInUse(account: Account, clientId: string): boolean {
    const { symbol } = this.#market.instrument;
    const orders = this.#rules.clientIdsUniqueAmong === 'open-orders' ? account.openOrders(symbol) : account.orders;
    return orders.some((order) => order.request.clientId === clientId);
  }

  #restingOf(side: Side): Order[] {
    const best = side === 'buy' ? -1n : 1n;
    return [...this.#resting]
      .filter((order) => order.request.side === side)
      .sort((a, b) => Number(best * (a.request.price - b.request.price)) || a.id - b.id);
  }

  #fill(order: Order, price: Amount, quantity: Amount, how: { readonly isMaker: boolean; readonly isLast: boolean }): void {
    const { isMaker } = how;
    const { account, market, request } = order;
    const { base, quote } = market.instrument;
    const at = this.#now();
    const cost = multiply(price, quantity);
    const isBuy = request.side === 'buy';
    // Before the print: listeners of the trade see the order as it will be.
    order.executed += quantity;
    order.quoteExecuted += cost;
    order.status = how.isLast ? 'filled' : 'partially-filled';
    order.updatedAt = at;
    this.#pay(order, price, quantity);
    const [received, feeAsset] = isBuy ? [quantity, base] : [cost, quote];
    const rate = isMaker ? account.fees.maker : account.fees.taker;
    const fee = multiply(received, rate) - (multiply(received, rate) % 10n ** 4n);
    account.balance(feeAsset).free += received - fee;
    if (order.status === 'filled') this.#release(order);
    this.#isPrinting = true;
    const trade = market.print(at, price, quantity, isBuy === isMaker);
    this.#isPrinting = false;
    const fill: Fill = { tradeId: trade.id, order, at, price, quantity, quote: cost, fee, feeAsset, isMaker };
    order.fills.push(fill);
    account.fills.push(fill);
    account.tell({ kind: 'order', at, order, change: 'filled', fill });
  }

  /** Out of what is reserved; a buy below its limit price frees the difference. */
  #pay(order: Order, price: Amount, quantity: Amount): void {
    const { side, type, price: limit } = order.request;
    const paid = side === 'buy' ? multiply(price, quantity) : quantity;
    const reserved = side === 'buy' && type !== 'market' ? least(order.locked, multiply(limit, quantity)) : paid;
    const balance = order.account.balance(this.#reservedAsset(side));
    order.locked -= reserved;
    balance.locked -= reserved;
    balance.free += reserved - paid;
  }

  #end(order: Order, status: OrderStatus): void {
    order.status = status;
    order.updatedAt = this.#now();
    this.#release(order);
    if (status === 'canceled' || status === 'expired' || status === 'prevented') this.#tell(order, status);
  }

  #release(order: Order): void {
    this.#resting.delete(order);
    const balance = order.account.balance(this.#reservedAsset(order.request.side));
    balance.locked -= order.locked;
    balance.free += order.locked;
    order.locked = 0n;
  }

  #tell(order: Order, change: Exclude<OrderChange, 'filled'>): void {
    order.account.tell({ kind: 'order', at: order.updatedAt, order, change });
    order.account.tell({ kind: 'balances', at: order.updatedAt, assets: [this.#reservedAsset(order.request.side)] });
  }

  #told(order: Order): void {
    const { base, quote } = this.#market.instrument;
    order.account.tell({ kind: 'balances', at: order.updatedAt, assets: [base, quote] });
  }

  #reservedAsset(side: Side): string {
    return side === 'buy' ? this.#market.instrument.quote : this.#market.instrument.base;
  }
}

/** A limit buy reserves its whole price, a market buy what it will pay, a sell its quantity. */
function reserveOf(request: OrderRequest, takes: readonly Level[]): Amount {
  if (request.side === 'sell')
    return request.quantity > 0n ? request.quantity : takes.reduce((sum, [, quantity]) => sum + quantity, 0n);
  if (request.type !== 'market') return multiply(request.price, request.quantity);
  return takes.reduce((sum, [price, quantity]) => sum + multiply(price, quantity), 0n);
}
