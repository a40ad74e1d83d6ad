import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../../src/config/api-keys.ts';
import { givenApi } from '../given-api.ts';

const DESK = 'https://desk.example.com';
const apiKeys: ApiKey[] = [{ name: 'alice', scope: 'trade', key: 'alice-secret-0123456789' }];
const PREFLIGHT = {
  method: 'OPTIONS',
  url: '/v1/orders',
  headers: { origin: DESK, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
} as const;

describe('web pages', () => {
  it('may not call unless they are named', async () => {
    const api = await givenApi({ apiKeys });
    const answer = await api.server.inject(PREFLIGHT);
    expect(answer.statusCode).toBe(401);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('that are named ask first, without a key', async () => {
    const api = await givenApi({ apiKeys, corsOrigins: [DESK] });
    const answer = await api.server.inject(PREFLIGHT);
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': DESK,
      vary: 'Origin',
      'access-control-max-age': '600',
    });
    expect(answer.headers['access-control-allow-methods']).toContain('POST');
    expect(String(answer.headers['access-control-allow-headers'])).toContain('Idempotency-Key');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('that are named call with a key, and read what headers say, of a refusal too', async () => {
    const api = await givenApi({ apiKeys, corsOrigins: [DESK] });
    for (const [key, status] of [
      ['alice-secret-0123456789', 200],
      ['wrong', 401],
    ] as const) {
      const answer = await api.get('/v1/events', { origin: DESK, 'x-api-key': key });
      expect(answer.status).toBe(status);
      expect(answer.headers['access-control-allow-origin']).toBe(DESK);
      expect(answer.headers['access-control-expose-headers']).toContain('Tapedeck-Position');
    }
  });

  it('from elsewhere are not told that they may', async () => {
    const api = await givenApi({ apiKeys, corsOrigins: [DESK] });
    for (const origin of ['https://evil.example.com', 'https://desk.example.com.evil.example', 'null']) {
      const answer = await api.server.inject({ ...PREFLIGHT, headers: { ...PREFLIGHT.headers, origin } });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});
