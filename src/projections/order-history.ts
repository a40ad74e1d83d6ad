/** The events of an order, as they are kept with it. */

import type { RecordedEvent } from '../tape/envelope.ts';

/** Most events of one order that are kept with it; all are on the tape. */
const MAX_HISTORY = 1_000;

/** One event of the order, as it is on the tape. */
export interface OrderStep {
  readonly id: string;
  readonly type: string;
  readonly position: string;
  readonly revision: number;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly causationId: string;
  readonly data: unknown;
}

interface History {
  readonly history: OrderStep[];
  /** Events beyond those that are kept here. */
  historyOmitted: number;
}

/** Keeps the event at the end of the history, or counts it. */
export function remember(order: History, event: RecordedEvent): void {
  if (order.history.length >= MAX_HISTORY) {
    order.historyOmitted++;
    return;
  }
  order.history.push({
    id: event.id,
    type: event.type,
    position: event.position,
    revision: event.revision,
    occurredAt: event.metadata.occurredAt,
    recordedAt: event.recordedAt,
    causationId: event.metadata.causationId,
    data: event.data,
  });
}
