import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../../../accounts/api-key.ts';

/** HMAC-SHA256 in base64 over the payload's UTF-8 bytes. */
export function isSignedBy(key: ApiKey, payload: string, signature: string): boolean {
  const expected = createHmac('sha256', key.secret).update(payload).digest();
  const sent = Buffer.from(signature, 'base64');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

/** What REST signs: timestamp, method, path with its query, and body, all as sent. */
export function restPayload(timestamp: string, method: string, target: string, body: string): string {
  return timestamp + method + target + body;
}

/** What a login signs; its timestamp counts seconds. */
export function loginPayload(timestamp: string): string {
  return `${timestamp}GET/users/self/verify`;
}
