import { crc32 } from 'node:zlib';

const LEVELS = 25;

/** Of the 25 best levels of both sides, as text: CRC32 with a sign. A side that has fewer is left out where it ends. */
export function checksum(bids: readonly (readonly string[])[], asks: readonly (readonly string[])[]): number {
  const parts: string[] = [];
  for (let index = 0; index < LEVELS; index += 1) {
    for (const [price, size] of [bids[index], asks[index]].filter((level) => level !== undefined)) parts.push(`${price}:${size}`);
  }
  return crc32(parts.join(':')) | 0;
}
