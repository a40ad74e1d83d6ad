/**
 * OKX's checksum of a book: the CRC-32, signed, of the best 25 levels of both sides in turn, best first,
 * `bid:quantity:ask:quantity:...`, where the shorter side is left out once it is over. Of the numbers as the venue writes
 * them, which is without zeros at the end.
 */

import { formatUnits } from '../../decimal.ts';
import { formatQuantity, type Quantity } from '../units.ts';
import type { BookSide } from './book-side.ts';

const LEVELS = 25;
const POLYNOMIAL = 0xedb88320;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

export function bookChecksum(bids: BookSide, asks: BookSide, priceScale: number): number {
  const sides = [bids.top(LEVELS), asks.top(LEVELS)];
  const texts: string[] = [];
  for (let i = 0; i < LEVELS; i++) {
    for (const { prices, quantities } of sides) {
      const price = prices[i];
      if (price !== undefined) texts.push(formatUnits(price, priceScale), formatQuantity(quantities[i] as Quantity));
    }
  }
  return crc32(texts.join(':'));
}

/** Of digits, points and colons: one byte a character. */
function crc32(text: string): number {
  let crc = -1;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ text.charCodeAt(i)) & 0xff] as number);
  return ~crc;
}
