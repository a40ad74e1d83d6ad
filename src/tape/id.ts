/** Ids made from facts: the same name gives the same id on any machine at any time. */

import { hash } from 'node:crypto';

/** 16 ASCII bytes, so that hashing namespace and name as one string is a true UUIDv5 (RFC 9562, 5.5). */
const NAMESPACE = 'tapedeck.events.';

/** UUIDv5 of `name` in Tapedeck's namespace. */
export function makeId(name: string): string {
  const digest = hash('sha1', NAMESPACE + name, 'hex');
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
