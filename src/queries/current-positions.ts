/** Positions as they are at the tape's end, with what the instruments' last prices make of them. */

import { formatDecimal, multiply, parseDecimal, subtract } from '../domain/decimal.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import type { EventStore } from '../ports/event-store.ts';
import { compareTexts } from '../ports/find-rules.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { type PositionDocument, positions } from '../projections/positions.ts';
import { currentDocuments, type Wanted } from './current-documents.ts';
import { type LastPrice, lastPrices } from './last-prices.ts';

type PositionFields = Omit<PositionDocument, 'name' | 'lastOrderId'>;

/** Amounts are in the instrument's quote asset; null where it has no price. */
export interface CurrentPosition extends PositionFields {
  readonly price: string | null;
  readonly priceTime: string | null;
  readonly value: string | null;
  /** What closing it at that price would add to the realized profit, fees not included. */
  readonly openProfit: string | null;
}

/** The positions that fit, by account, strategy and instrument; `hasFlat`: with those that were closed. Throws OtherTapeError. */
export async function currentPositions(
  events: EventStore,
  reads: ReadStore,
  { equal, hasFlat }: { readonly equal: NonNullable<Wanted['equal']>; readonly hasFlat: boolean },
): Promise<CurrentPosition[]> {
  const found = (await currentDocuments(events, reads, positions, { equal, sort: 'name' }))
    .filter(({ quantity }) => hasFlat || quantity !== '0')
    .sort((a, b) => compareTexts(a.account, b.account) || compareTexts(a.name, b.name));
  const prices = await lastPrices(events, new Set(found.map(({ venue, symbol }) => instrumentKey(venue, symbol))));
  return found.map((position) => valuedAt(position, prices.get(instrumentKey(position.venue, position.symbol))));
}

function valuedAt(position: PositionDocument, last: LastPrice | undefined): CurrentPosition {
  const { account, strategy, venue, symbol, quantity, cost, averageEntryPrice, realizedProfit, updatedAt } = position;
  const value = last === undefined ? null : multiply(parseDecimal(quantity), parseDecimal(last.price));
  return {
    account,
    strategy,
    venue,
    symbol,
    quantity,
    cost,
    averageEntryPrice,
    price: last?.price ?? null,
    priceTime: last?.time ?? null,
    value: value === null ? null : formatDecimal(value),
    openProfit: value === null ? null : formatDecimal(subtract(value, parseDecimal(cost))),
    realizedProfit,
    updatedAt,
  };
}
