/** The worth of each account, mark by mark. */

import { type Projection, sequenceOf, unexpected } from './projection.ts';

export interface EquityDocument {
  readonly account: string;
  readonly currency: string;
  readonly at: string;
  readonly equity: string;
  readonly cash: string;
  readonly peak: string;
  readonly dayStart: string;
  /** Sorts by time, then by place on the tape. */
  readonly sequence: string;
}

export const equity: Projection<EquityDocument> = {
  name: 'equity',
  version: 4,
  categories: ['account'],
  indexes: [['account', 'sequence']],
  hidden: ['sequence'],

  keys(event) {
    return event.type === 'AccountMarked' ? [event.id] : [];
  },

  apply(_document, event): EquityDocument {
    if (event.type !== 'AccountMarked') throw unexpected('equity', event);
    const { account, currency, equity: worth, cash, peak, dayStart } = event.data;
    // Before any market, and of an older build, that of its cause.
    const at = event.data.at ?? event.metadata.occurredAt;
    return { account, currency, at, equity: worth, cash, peak, dayStart, sequence: sequenceOf(event, at) };
  },
};
