/** Reports of venues about orders. Paper accounts' reports are decisions of the paper venue; real ones are evidence. */

import { z } from 'zod';
import {
  assetText,
  decimalText,
  eventType,
  idText,
  isoTimeText,
  nameText,
  nonNegativeDecimal,
  positiveDecimal,
  side,
  symbolText,
  venueText,
} from '../event.ts';

/** `executionType` as FIX 150: what happened, not what state the order is in. */
export const ExecutionReported = eventType(
  'ExecutionReported',
  1,
  z.strictObject({
    account: nameText,
    venue: venueText,
    symbol: symbolText,
    /** Unique within account, venue and symbol. */
    executionId: z.string().min(1),
    executionType: z.enum(['new', 'trade', 'canceled', 'cancel-rejected', 'rejected', 'expired', 'replaced', 'triggered']),
    /** Null when the client order id is none of ours. */
    orderId: idText.nullable(),
    clientOrderId: z.string(),
    venueOrderId: z.string().nullable(),
    side,
    /** The venue's own time. */
    transactTime: isoTimeText,
    tradeId: z.string().min(1).nullable(),
    price: positiveDecimal.nullable(),
    quantity: positiveDecimal.nullable(),
    /** Everything filled so far, this execution included. */
    cumulativeQuantity: nonNegativeDecimal,
    fee: decimalText.nullable(),
    feeAsset: assetText.nullable(),
    liquidity: z.enum(['maker', 'taker']).nullable(),
    reason: z.string().nullable(),
  }),
);
export type ExecutionReport = z.output<typeof ExecutionReported.schema>;
