import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { givenApi } from './given-api.ts';

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const api = await givenApi();
    const { status, body } = await api.get('/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toBe('3.1.0');
    expect(await new Validator().validate(body)).toEqual({ valid: true });
  });

  it('refers only to what it has', async () => {
    const api = await givenApi();
    const { body } = await api.get('/openapi.json');
    const text = JSON.stringify(body);
    const wanted = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, path]) => path ?? ''));
    expect([...wanted].filter((path) => path.split('/').reduce((at, part) => at?.[part], body.components) === undefined)).toEqual(
      [],
    );
    expect([...text.matchAll(/"\$ref":"(?!#\/components)[^"]+"/g)].map(([ref]) => ref)).toEqual([]);
  });
});
