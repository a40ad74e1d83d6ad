import { type Amount, formatAmount } from '../core/amount.ts';
import type { Book } from '../market/book.ts';
import type { Level } from '../market/market-event.ts';
import type { Exchange } from './exchange.ts';

/** A book as text, best first: prices and quantities without trailing zeros. */
export interface BookState {
  readonly lastId: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

export interface ExchangeState {
  readonly accounts: readonly AccountState[];
  readonly submissions: {
    readonly accepted: number;
    readonly duplicate: number;
    readonly late: number;
    readonly refused: number;
  };
  /** Client ids that were accepted more than once. */
  readonly acceptedTwice: readonly string[];
  readonly connections: number;
}

export interface AccountState {
  readonly id: number;
  readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>>;
  readonly orders: readonly Readonly<Record<string, unknown>>[];
  readonly fills: readonly Readonly<Record<string, unknown>>[];
}

/** What an oracle compares with: a book as the exchange has it. */
export function bookState(book: Book): BookState {
  return {
    lastId: book.lastId,
    bids: text(book.top('buy', book.levels('buy'))),
    asks: text(book.top('sell', book.levels('sell'))),
  };
}

/** What an oracle compares with: orders, fills, balances, and how orders came in. */
export function exchangeState(exchange: Exchange): ExchangeState {
  const { submissions, connections } = exchange;
  return {
    accounts: exchange.accounts.map((account) => ({
      id: account.id,
      balances: Object.fromEntries(
        [...account.balances].map(([asset, { free, locked }]) => [asset, { free: plain(free), locked: plain(locked) }]),
      ),
      orders: account.orders.map((order) => ({
        id: order.id,
        clientId: order.request.clientId,
        symbol: order.market.instrument.symbol,
        side: order.request.side,
        type: order.request.type,
        price: plain(order.request.price),
        quantity: plain(order.quantity),
        executed: plain(order.executed),
        quoteExecuted: plain(order.quoteExecuted),
        status: order.status,
      })),
      fills: account.fills.map((fill) => ({
        tradeId: fill.tradeId,
        orderId: fill.order.id,
        price: plain(fill.price),
        quantity: plain(fill.quantity),
        fee: plain(fill.fee),
        feeAsset: fill.feeAsset,
        isMaker: fill.isMaker,
      })),
    })),
    submissions: {
      accepted: submissions.count('accepted'),
      duplicate: submissions.count('duplicate'),
      late: submissions.count('late'),
      refused: submissions.count('refused'),
    },
    acceptedTwice: submissions.acceptedTwice(),
    connections: connections.count,
  };
}

/** Without trailing zeros: 0.5, 100. */
function plain(value: Amount): string {
  return formatAmount(value, 12).replace(/\.?0+$/, '');
}

function text(levels: readonly Level[]): [string, string][] {
  return levels.map(([price, quantity]) => [plain(price), plain(quantity)]);
}
