import type { Amount } from '../core/amount.ts';
import type { Market } from '../market/market.ts';
import type { Side } from '../market/market-event.ts';

export interface Balance {
  free: Amount;
  locked: Amount;
}

/** What a private stream tells of. */
export type AccountEvent =
  | { readonly kind: 'order'; readonly at: number; readonly order: Order; readonly change: OrderChange; readonly fill?: Fill }
  | { readonly kind: 'balances'; readonly at: number; readonly assets: readonly string[] }
  | { readonly kind: 'transfer'; readonly at: number; readonly asset: string; readonly amount: Amount };

export type OrderChange = 'accepted' | 'filled' | 'canceled' | 'expired' | 'prevented' | 'rejected';

/** Share of what is received that the venue keeps. */
export interface FeeRates {
  readonly maker: Amount;
  readonly taker: Amount;
}

/** A user of the exchange: balances, orders and fills. */
export class Account {
  readonly id: number;
  readonly fees: FeeRates;
  readonly balances = new Map<string, Balance>();
  /** All orders ever accepted, in the order of their ids. */
  readonly orders: Order[] = [];
  readonly fills: Fill[] = [];
  updatedAt = 0;
  /** Those that were open when they were last asked for, and newer ones. */
  readonly #open = new Set<Order>();
  readonly #listeners = new Set<(event: AccountEvent) => void>();

  constructor(id: number, fees: FeeRates, balances: Readonly<Record<string, Amount>>) {
    this.id = id;
    this.fees = fees;
    this.begin(balances);
  }

  balance(asset: string): Balance {
    const balance = this.balances.get(asset) ?? { free: 0n, locked: 0n };
    this.balances.set(asset, balance);
    return balance;
  }

  /** Oldest first. */
  openOrders(symbol?: string): Order[] {
    for (const order of this.#open) if (!order.isOpen) this.#open.delete(order);
    return [...this.#open].filter((order) => symbol === undefined || order.market.instrument.symbol === symbol);
  }

  add(order: Order): void {
    this.orders.push(order);
    this.#open.add(order);
  }

  /** Forgets all orders and fills, and has these balances. */
  begin(balances: Readonly<Record<string, Amount>>): void {
    this.orders.length = 0;
    this.fills.length = 0;
    this.#open.clear();
    this.balances.clear();
    for (const [asset, free] of Object.entries(balances)) this.balances.set(asset, { free, locked: 0n });
  }

  observe(listener: (event: AccountEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: AccountEvent): void {
    this.updatedAt = event.at;
    for (const listener of this.#listeners) listener(event);
  }

  /** Money comes in, or goes out where `amount` is negative. */
  transfer(at: number, asset: string, amount: Amount): void {
    this.balance(asset).free += amount;
    this.tell({ kind: 'transfer', at, asset, amount });
    this.tell({ kind: 'balances', at, assets: [asset] });
  }
}

/** `limit-maker` is refused where it would take. */
export type OrderType = 'limit' | 'market' | 'limit-maker';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';

/**
 * `expired`: the venue ended it (the rest of an IOC, a FOK that could not be filled). `prevented`: against a trade with
 * oneself. `rejected`: received, acknowledged, and then not accepted; a venue that refuses at once has none of these.
 */
export type OrderStatus = 'new' | 'partially-filled' | 'filled' | 'canceled' | 'expired' | 'prevented' | 'rejected';

/** What a user asks for. The quantity of a market order may be given in the quote asset: then `quantity` is 0. */
export interface OrderRequest {
  readonly clientId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** 0 for market orders. */
  readonly price: Amount;
  readonly quantity: Amount;
  readonly quoteQuantity: Amount;
}

/** One trade of one order. */
export interface Fill {
  /** The public trade's id; a symbol has each of them once. */
  readonly tradeId: number;
  readonly order: Order;
  readonly at: number;
  readonly price: Amount;
  readonly quantity: Amount;
  readonly quote: Amount;
  readonly fee: Amount;
  readonly feeAsset: string;
  readonly isMaker: boolean;
}

/** An order that the matching engine accepted. */
export class Order {
  readonly id: number;
  readonly account: Account;
  readonly market: Market;
  readonly request: OrderRequest;
  readonly createdAt: number;
  /** As the cancel named itself; the order's own client id until then. */
  cancelClientId = '';
  /** In the venue's words, where it was rejected. */
  rejectReason = '';
  status: OrderStatus = 'new';
  updatedAt: number;
  executed: Amount = 0n;
  quoteExecuted: Amount = 0n;
  /** Still reserved for it: quote asset of a buy, base asset of a sell. */
  locked: Amount = 0n;
  /** What rested at its price before it came, and has not traded or gone since. */
  queueAhead: Amount = 0n;
  readonly fills: Fill[] = [];
  /** Before this time the venue's reads do not know it yet. */
  visibleAt: number;

  constructor(id: number, account: Account, market: Market, request: OrderRequest, at: number) {
    this.id = id;
    this.account = account;
    this.market = market;
    this.request = request;
    this.createdAt = at;
    this.updatedAt = at;
    this.visibleAt = at;
  }

  get isOpen(): boolean {
    return this.status === 'new' || this.status === 'partially-filled';
  }

  /** Of the base asset. A market order by quote has no quantity but what it got. */
  get quantity(): Amount {
    return this.request.quantity === 0n ? this.executed : this.request.quantity;
  }

  get remaining(): Amount {
    return this.quantity - this.executed;
  }
}
