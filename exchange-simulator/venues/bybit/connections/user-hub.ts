import type { Account, AccountEvent, Order } from '../../../accounts/account.ts';
import { amount, ONE } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { FUNDING_RATE, markPrice, plain, uuid } from '../formats.ts';
import { type Category, LINEAR, marketsOf, SPOT } from '../listing.ts';
import { executionRecord, orderRecord, walletRecord } from '../records.ts';

export type UserTopic = 'order' | 'execution' | 'execution.fast' | 'wallet';

/** What one moment has for one topic of an account. */
export interface UserMessage {
  readonly topic: UserTopic;
  /** Undefined for the wallet. */
  readonly category: Category | undefined;
  readonly id: string;
  readonly creationTime: number;
  readonly data: readonly Record<string, unknown>[];
}

/** A fee of holding a derivative, that comes among the executions. */
export interface Funding extends Readonly<Record<string, unknown>> {
  readonly execType: 'Funding';
  readonly execTime: string;
}

const FUNDING = amount('0.05');

/** Makes the private messages of each account, all that happens in one moment in one message a topic. */
export class UserHub {
  readonly #exchange: Exchange;
  readonly #listeners = new Map<Account, Set<(message: UserMessage) => void>>();
  readonly #pending = new Map<Account, Map<string, Record<string, unknown>[]>>();
  readonly #fundings = new Map<Account, Funding[]>();
  #messages = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    for (const account of exchange.accounts) account.observe((event) => this.#happened(account, event));
    exchange.faults.observe((fault) => {
      if (fault.kind === 'funding') for (const account of exchange.accounts) this.#fund(account);
    });
  }

  observe(account: Account, listener: (message: UserMessage) => void): () => void {
    const listeners = this.#listeners.get(account) ?? new Set();
    this.#listeners.set(account, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** A cancel that was acknowledged came too late: the filled order is told of once more. It is no second fill. */
  cancelLost(order: Order): void {
    const told = { ...orderRecord(order), cancelType: 'CancelByUser', rejectReason: 'EC_OrigClOrdIDDoesNotExist' };
    this.#add(order.account, 'order spot', { category: 'spot', ...told });
  }

  fundings(account: Account): readonly Funding[] {
    return this.#fundings.get(account) ?? [];
  }

  /** In USD: a tether is a dollar here. */
  priceOf(asset: string): bigint {
    if (asset === SPOT.quote) return ONE;
    const market = marketsOf(this.#exchange, 'spot').find(({ instrument }) => instrument.base === asset);
    return market === undefined ? 0n : markPrice(market);
  }

  #happened(account: Account, event: AccountEvent): void {
    if (event.kind !== 'order') {
      // The whole account, as it is when the message goes.
      this.#add(account, 'wallet', {});
      return;
    }
    const { order, fill } = event;
    this.#add(account, 'order spot', { category: 'spot', ...orderRecord(order) });
    if (fill === undefined) return;
    const execution = executionRecord(fill);
    const { symbol, execId, execPrice, execQty, orderId, orderLinkId, side, execTime, isMaker, seq } = execution;
    const fast = { category: 'spot', symbol, execId, execPrice, execQty, orderId, isMaker, orderLinkId, side, execTime, seq };
    this.#add(account, 'execution spot', execution);
    this.#add(account, 'execution.fast spot', fast);
  }

  #fund(account: Account): void {
    const [market] = marketsOf(this.#exchange, 'linear');
    const now = this.#exchange.now();
    const price = market === undefined ? '0' : plain(markPrice(market));
    const fundings = this.#fundings.get(account) ?? [];
    const funding: Funding = {
      category: 'linear',
      symbol: LINEAR.symbol,
      orderId: uuid(`funding order ${account.id} ${fundings.length}`),
      orderLinkId: '',
      side: 'Buy',
      orderPrice: '0',
      orderQty: '0',
      leavesQty: '0',
      createType: '',
      orderType: 'UNKNOWN',
      stopOrderType: 'UNKNOWN',
      execFee: plain(FUNDING),
      feeCurrency: '',
      feeRate: FUNDING_RATE,
      execId: uuid(`funding ${account.id} ${fundings.length}`),
      execPrice: price,
      execQty: '0.01',
      execType: 'Funding',
      execValue: '500',
      execTime: String(now),
      isMaker: false,
      isLeverage: '0',
      markPrice: price,
      indexPrice: '',
      underlyingPrice: '',
      tradeIv: '',
      markIv: '',
      blockTradeId: '',
      closedSize: '0',
      seq: this.#exchange.submissions.all.length,
    };
    this.#fundings.set(account, [...fundings, funding]);
    this.#add(account, 'execution linear', funding);
    account.transfer(now, LINEAR.quote, -FUNDING);
  }

  #add(account: Account, key: string, record: Record<string, unknown>): void {
    const pending = this.#pending.get(account);
    if (pending !== undefined) {
      pending.set(key, [...(pending.get(key) ?? []), record]);
      return;
    }
    this.#pending.set(account, new Map([[key, [record]]]));
    this.#exchange.clock.after(0, () => this.#flush(account));
  }

  #flush(account: Account): void {
    const pending = this.#pending.get(account) ?? new Map<string, Record<string, unknown>[]>();
    this.#pending.delete(account);
    for (const [key, records] of pending) {
      const [topic, category] = key.split(' ') as [UserTopic, Category | undefined];
      const data = topic === 'wallet' ? [walletRecord(account, (asset) => this.priceOf(asset))] : records;
      this.#messages += 1;
      const message = { topic, category, id: uuid(`message ${this.#messages}`), creationTime: this.#exchange.now(), data };
      for (const listener of [...(this.#listeners.get(account) ?? [])]) listener(message);
    }
  }
}
