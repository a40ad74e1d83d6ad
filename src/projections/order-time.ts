/** When something became of an order, in the time of its market. */

import { SEND_WINDOW_MS } from '../domain/order/order.ts';
import { epochMs, isoTime } from '../domain/time.ts';
import type { RecordedEvent } from '../tape/envelope.ts';

/**
 * What a person asks for is evidence of another time than a recorded session's: an approval says until when the order
 * may be sent, a denial when it was decided, and reports have the venue's time. Null: the event does not say, because
 * no market had told a time yet, or because an older build recorded it.
 */
export function marketTime({ type, data, metadata }: RecordedEvent): string | null {
  if (type === 'OrderApproved') return isoTime(epochMs(data.sendBy) - SEND_WINDOW_MS);
  // What a strategy's signal led to is decided on market data.
  if (type === 'OrderDenied') return data.at ?? (data.origin.kind === 'signal' ? metadata.occurredAt : null);
  return 'at' in data ? data.at : metadata.occurredAt;
}

/**
 * When it is known what became of an order: with that of a strategy the market data that told it, unless a person had it
 * cancelled; a bar's fills are known at its end.
 */
export function knownTime(event: RecordedEvent, isOfStrategy: boolean): string | null {
  switch (event.type) {
    case 'OrderApproved':
    case 'OrderDenied':
    case 'OrderCancelPending':
    case 'OrderCancelRejected':
    case 'OrderCanceled':
      return marketTime(event);
    default:
      return isOfStrategy ? event.metadata.occurredAt : marketTime(event);
  }
}
