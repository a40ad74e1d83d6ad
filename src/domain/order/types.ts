/** The order types. Adding one is a file, its test, and a line here. */

import type { OrderType } from './type.ts';
import { limit } from './types/limit.ts';
import { market } from './types/market.ts';

// biome-ignore format: one a line, so that additions do not meet.
const KNOWN_TYPES = [
  market,
  limit,
] as const satisfies readonly OrderType[];

export type OrderTypeName = (typeof KNOWN_TYPES)[number]['name'];

const BY_NAME: ReadonlyMap<OrderTypeName, OrderType> = new Map(KNOWN_TYPES.map((type) => [type.name, type]));

/** In the order in which schemas list them. */
export const ORDER_TYPE_NAMES: readonly OrderTypeName[] = [...BY_NAME.keys()];

/** The type of that name. */
export function orderTypeOf(name: OrderTypeName): OrderType {
  return BY_NAME.get(name) as OrderType;
}
