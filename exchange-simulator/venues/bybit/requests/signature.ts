import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../../../accounts/api-key.ts';

/** HMAC-SHA256 in hex over the payload's UTF-8 bytes. */
export function isSignedBy(key: ApiKey, payload: string, signature: string): boolean {
  const expected = createHmac('sha256', key.secret).update(payload).digest();
  const sent = Buffer.from(signature, 'hex');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

/** What REST signs. `content`: the query string of a GET, the body of a POST, as sent. */
export function restPayload(timestamp: string, apiKey: string, recvWindow: string, content: string): string {
  return timestamp + apiKey + recvWindow + content;
}

/** What a private connection signs; `expires` in milliseconds. */
export function socketPayload(expires: string): string {
  return `GET/realtime${expires}`;
}
