import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { ApiKey } from '../../../accounts/api-key.ts';

/** HMAC-SHA256 in hex of any case, or Ed25519 in base64, over the payload's UTF-8 bytes. */
export function isSignedBy(key: ApiKey, payload: string, signature: string): boolean {
  if (key.kind === 'ed25519') {
    const bytes = Buffer.from(signature, 'base64');
    return bytes.length === 64 && verify(null, Buffer.from(payload), createPublicKey(key.secret), bytes);
  }
  const expected = createHmac('sha256', key.secret).update(payload).digest();
  const sent = Buffer.from(signature, 'hex');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

/** What REST signs: query and body as they were sent, without the signature and without a separator between them. */
export function restPayload(query: string, body: string): string {
  return withoutSignature(query) + withoutSignature(body);
}

/** What the WebSocket API signs: all parameters but the signature, sorted by name. */
export function socketPayload(parameters: ReadonlyMap<string, string>): string {
  return [...parameters]
    .filter(([name]) => name !== 'signature')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function withoutSignature(pairs: string): string {
  return pairs
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&');
}
