/**
 * What quantities are worth where they are contracts. Venues trade perpetuals and futures in contracts: a linear one is
 * a number of base units, an inverse one a number of quote units whatever the price, settled in the base asset.
 */

import { type Decimal, divide, multiply, parseDecimal, rescale } from '../decimal.ts';
import type { InstrumentSettings } from '../settings/settings.ts';

/** Plain data. */
export interface ContractTerms {
  /** False for spot: a quantity is in base units then. */
  readonly isContract: boolean;
  readonly isInverse: boolean;
  /** Base units of one contract, of an inverse one quote units. */
  readonly size: Decimal;
  readonly priceScale: number;
}

/** Decimal places of base units that follow from a price: a bar's volume in inverse contracts. */
const BASE_PLACES = 12;
/** Of one trade's, so many more that what is rounded off, added up, does not reach the last of these. */
const QUOTIENT_PLACES = 36;

/** Is a contract worth so many units of the quote asset, whatever its price, and settled in the base asset? */
export function isInverse({ kind, base, settle }: Pick<InstrumentSettings, 'kind' | 'base' | 'settle'>): boolean {
  return kind !== 'spot' && settle === base;
}

export function contractTerms(instrument: InstrumentSettings): ContractTerms {
  return {
    isContract: instrument.kind !== 'spot',
    isInverse: isInverse(instrument),
    size: parseDecimal(instrument.contractSize),
    priceScale: instrument.priceScale,
  };
}

/**
 * What a trade adds to a sum beside its quantity: price times quantity; of an inverse contract the quantity over the
 * price. `price` is in units of the instrument's last decimal place.
 */
export function turnoverOf({ isInverse, priceScale }: ContractTerms, price: number, quantity: Decimal): Decimal {
  if (isInverse) return divide(quantity, { units: BigInt(price), scale: priceScale }, QUOTIENT_PLACES, 'half-even');
  return { units: BigInt(price) * quantity.units, scale: priceScale + quantity.scale };
}

export interface Volumes {
  /** In the base asset. */
  readonly volume: Decimal;
  /** In the quote asset. */
  readonly quoteVolume: Decimal;
  /** Null where the instrument is not traded in contracts. */
  readonly contracts: Decimal | null;
}

/** Of a sum of quantities and the sum of their turnovers. Exact, but for the base volume of inverse contracts. */
export function volumesOf({ isContract, isInverse, size }: ContractTerms, quantity: Decimal, turnover: Decimal): Volumes {
  if (!isContract) return { volume: quantity, quoteVolume: turnover, contracts: null };
  if (!isInverse) return { volume: multiply(quantity, size), quoteVolume: multiply(turnover, size), contracts: quantity };
  return { volume: roundBase(multiply(turnover, size)), quoteVolume: multiply(quantity, size), contracts: quantity };
}

/** Base units as they are kept where they follow from a price. */
export function roundBase(base: Decimal): Decimal {
  return base.scale <= BASE_PLACES ? base : rescale(base, BASE_PLACES, 'half-even');
}
