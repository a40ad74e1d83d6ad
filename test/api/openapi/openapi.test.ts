import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { ROUTE_GROUPS } from '../../../src/api/routes/routes.ts';
import { givenApi } from '../given-api.ts';

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

describe('the groups of routes', () => {
  it('are those of the list, the probes and the document, and every route is in one of them', async () => {
    const api = await givenApi();
    const { body } = await api.get('/openapi.json');
    const names = body.tags.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...ROUTE_GROUPS.map(({ name }) => name), 'health', 'about']);
    expect(new Set(names).size).toBe(names.length);
    const operations = Object.values<Record<string, { tags: string[] }>>(body.paths).flatMap((path) => Object.values(path));
    expect(operations.filter(({ tags }) => tags?.length !== 1)).toEqual([]);
    expect(new Set(operations.flatMap(({ tags }) => tags))).toEqual(new Set(names));
    const prefixed = Object.entries<Record<string, { tags: string[] }>>(body.paths).filter(([path]) => path.startsWith('/v1/'));
    const grouped = new Set(prefixed.flatMap(([, path]) => Object.values(path).flatMap(({ tags }) => tags)));
    expect([...grouped].sort()).toEqual(ROUTE_GROUPS.map(({ name }) => name).sort());
  });
});

describe('the page for people', () => {
  it('is made of what the server itself has', async () => {
    const api = await givenApi();
    const page = await api.server.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part ?? '');
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) {
      expect(part).not.toMatch(/^(https?:)?\/\//);
      expect((await api.server.inject(new URL(part, 'http://localhost/docs/').pathname)).statusCode, part).toBe(200);
    }
    expect((await api.server.inject('/docs/json')).json()).toEqual((await api.get('/openapi.json')).body);
  });

  it('needs no key to be read, as it holds no secret', async () => {
    const api = await givenApi({ apiKeys: [{ name: 'alice', scope: 'trade', key: 'alice-secret-0123456789' }] });
    for (const path of ['/docs', '/docs/', '/openapi.json']) expect((await api.server.inject(path)).statusCode).toBe(200);
    expect((await api.server.inject('/docs/static/nothing')).statusCode).toBe(404);
  });
});

describe('the first page', () => {
  it('sends a browser to the page for people, and tells a program where things are', async () => {
    const api = await givenApi();
    const browser = await api.server.inject({ url: '/', headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect([browser.statusCode, browser.headers.location, browser.headers.vary]).toEqual([302, '/docs', 'Accept']);
    const program = await api.get('/', { accept: '*/*' });
    expect(program).toMatchObject({ status: 200, body: { docs: '/docs', openapi: '/openapi.json', metrics: '/metrics' } });
    const { lists, health } = program.body;
    expect(lists).toEqual(expect.arrayContaining(['/v1/orders', '/v1/accounts', '/v1/events']));
    for (const path of [...lists.filter((path: string) => path !== '/v1/bars'), ...health, '/docs', '/openapi.json'])
      expect([path, (await api.server.inject(path)).statusCode]).toEqual([path, 200]);
  });

  it('needs no key, as it holds no secret', async () => {
    const api = await givenApi({ apiKeys: [{ name: 'alice', scope: 'trade', key: 'alice-secret-0123456789' }] });
    expect((await api.server.inject('/')).statusCode).toBe(200);
  });
});
