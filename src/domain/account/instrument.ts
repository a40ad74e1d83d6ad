/** A listed instrument with its figures read, as orders and positions need it. */

import { type Decimal, divide, multiply, parseDecimal, roundToStep } from '../decimal.ts';
import type { CalendarName } from '../market/calendar.ts';
import { isInverse } from '../market/contract.ts';
import { instrumentKey } from '../settings/in-force.ts';
import type { InstrumentSettings } from '../settings/settings.ts';

/** Plain data. */
export interface Instrument {
  readonly key: string;
  readonly venue: string;
  readonly symbol: string;
  /** Bought and sold for good; what is held is a balance. Otherwise a position that is settled in the quote asset. */
  readonly isSpot: boolean;
  /** A contract of a fixed worth in the quote asset, settled in the base asset: what is counted here does not fit it. */
  readonly isInverse: boolean;
  readonly base: string;
  readonly quote: string;
  /** Base units per unit of order quantity. */
  readonly contractSize: Decimal;
  readonly tick: Decimal;
  readonly lot: Decimal;
  /** Smallest worth of an order, in the quote asset. */
  readonly minNotional: Decimal;
  readonly calendar: CalendarName;
  /** What working orders and worst cases are counted under: the asset, where balances are held, else the instrument. */
  readonly holding: string;
}

export function readInstrument(settings: InstrumentSettings): Instrument {
  const key = instrumentKey(settings.venue, settings.symbol);
  const isSpot = settings.kind === 'spot';
  return {
    key,
    venue: settings.venue,
    symbol: settings.symbol,
    isSpot,
    isInverse: isInverse(settings),
    base: settings.base,
    quote: settings.quote,
    contractSize: parseDecimal(settings.contractSize),
    tick: parseDecimal(settings.tickSize),
    lot: parseDecimal(settings.lotSize),
    minNotional: parseDecimal(settings.minNotional),
    calendar: settings.calendar,
    holding: isSpot ? settings.base : key,
  };
}

/** Base units of an order quantity. */
export function baseUnits(instrument: Instrument, quantity: Decimal): Decimal {
  return multiply(quantity, instrument.contractSize);
}

/** Enough places to floor a quotient to any lot size without losing a lot. */
const QUOTIENT_SCALE = 24;

/** The order quantity of `amount / price`, floored to the lot; `price` is that of one base unit and above zero. */
export function lotsFor(instrument: Instrument, amount: Decimal, price: Decimal): Decimal {
  const unit = multiply(price, instrument.contractSize);
  return roundToStep(divide(amount, unit, QUOTIENT_SCALE, 'floor'), instrument.lot, 'floor');
}

/** The order quantity of that many base units, floored to the lot. `base` must not be negative. */
export function lotsOf(instrument: Instrument, base: Decimal): Decimal {
  const { contractSize, lot } = instrument;
  const quantity =
    contractSize.units === 1n && contractSize.scale === 0 ? base : divide(base, contractSize, QUOTIENT_SCALE, 'floor');
  return roundToStep(quantity, lot, 'floor');
}

/** What an order quantity is worth at a price, in the quote asset. */
export function notionalOf(instrument: Instrument, quantity: Decimal, price: Decimal): Decimal {
  return multiply(baseUnits(instrument, quantity), price);
}
