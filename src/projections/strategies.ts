/** What each strategy said and ordered, in numbers and at last; orders of people are those of `manual`. */

import type { EventData } from '../domain/catalogue.ts';
import { marketTime } from './order-time.ts';
import { type Projection, unexpected } from './projection.ts';

export interface StrategyDocument {
  readonly name: string;
  signals: number;
  lastSignal: { readonly id: string; readonly side: string; readonly barOpenTime: string; readonly at: string } | null;
  /** Approved and denied. */
  orders: number;
  denied: number;
  fills: number;
  /** The latest that was decided on; `at` is null where no market had told a time. */
  lastOrder: { readonly id: string; readonly at: string | null } | null;
  lastFill: string | null;
}

export const strategies: Projection<StrategyDocument> = {
  name: 'strategies',
  version: 3,
  categories: ['signals', 'order'],
  indexes: [['name']],

  keys(event) {
    switch (event.type) {
      case 'SignalGenerated':
      case 'OrderApproved':
      case 'OrderDenied':
      case 'OrderFilled':
        return [event.data.strategy];
      default:
        return [];
    }
  },

  apply(document, event): StrategyDocument {
    switch (event.type) {
      case 'SignalGenerated': {
        const strategy = document ?? silentStrategy(event.data.strategy);
        const { side, barOpenTime } = event.data;
        strategy.signals++;
        strategy.lastSignal = { id: event.id, side, barOpenTime, at: event.metadata.occurredAt };
        return strategy;
      }
      case 'OrderApproved':
        return ordered(document ?? silentStrategy(event.data.strategy), event.data, marketTime(event));
      case 'OrderDenied': {
        const strategy = ordered(document ?? silentStrategy(event.data.strategy), event.data, marketTime(event));
        strategy.denied++;
        return strategy;
      }
      case 'OrderFilled': {
        const strategy = document ?? silentStrategy(event.data.strategy);
        strategy.fills++;
        strategy.lastFill = event.data.at;
        return strategy;
      }
      default:
        throw unexpected('strategies', event);
    }
  },
};

/** One that has not said anything yet. */
export function silentStrategy(name: string): StrategyDocument {
  return { name, signals: 0, lastSignal: null, orders: 0, denied: 0, fills: 0, lastOrder: null, lastFill: null };
}

function ordered(
  strategy: StrategyDocument,
  { orderId }: Pick<EventData['OrderApproved'], 'orderId'>,
  at: string | null,
): StrategyDocument {
  strategy.orders++;
  strategy.lastOrder = { id: orderId, at };
  return strategy;
}
