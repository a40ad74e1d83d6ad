import { describe, expect, it } from 'vitest';
import { signalsStream } from '../../../src/domain/streams.ts';
import { type GivenApi, givenApi, problemOf, recordSettings, signal } from '../given-api.ts';

async function withSignals(overrides: Parameters<typeof givenApi>[0] = {}): Promise<GivenApi> {
  const api = await givenApi(overrides);
  await recordSettings(api);
  for (const strategy of ['b', 'c', 'a']) await api.record('SignalGenerated', signalsStream(strategy), signal(2, strategy));
  return api;
}

describe('the documents of a read model', () => {
  it('are listed in the order of its first index, page by page, as its own route would show them', async () => {
    const api = await withSignals();
    const first = await api.get('/v1/read-models/strategies?limit=2');
    expect(first.body.data.map(({ name }: { name: string }) => name)).toEqual(['a', 'b']);
    expect(first.body.data[0]).toMatchObject({ signals: 1, orders: 0 });
    const second = await api.get(`/v1/read-models/strategies?limit=2&cursor=${first.body.next}`);
    expect([second.body.data.map(({ name }: { name: string }) => name), second.body.next]).toEqual([['c'], null]);
    const [shown] = (await api.get('/v1/read-models/signals')).body.data;
    expect(shown).not.toHaveProperty('sequence');
    expect(shown).toEqual((await api.get('/v1/signals?order=asc')).body.data[0]);
  });

  it('reflect the position that is asked for, and are not sent again unchanged', async () => {
    const api = await withSignals();
    const { position } = await api.record('SignalGenerated', signalsStream('d'), signal(4, 'd'));
    const answer = await api.get(`/v1/read-models/strategies?min-position=${position}`);
    expect([answer.status, answer.headers['tapedeck-position']]).toEqual([200, position]);
    const again = await api.get('/v1/read-models/strategies', { 'if-none-match': String(answer.headers.etag) });
    expect(again.status).toBe(304);
    expect((await api.get('/v1/read-models/strategies?min-position=999')).status).toBe(503);
  });

  it('of one that there is not are a 404 with those that there are', async () => {
    const api = await givenApi();
    const answer = await api.get('/v1/read-models/denials');
    expect(problemOf(answer)).toEqual({ status: 404, kind: 'not-found', paths: [] });
    expect(answer.body.detail).toBe(
      'There is no read model "denials", but accounts, bars, books, equity, feeds, fills, instruments, orders, positions, prices, signals, strategies.',
    );
  });

  it('may be read with a key that only reads, refuse the cursor of another list, and show every read model', async () => {
    const key = 'reader-secret-0123456789-0123456789';
    const api = await withSignals({ apiKeys: [{ name: 'reader', scope: 'read', key }] });
    const bearer = { authorization: `Bearer ${key}` };
    expect((await api.get('/v1/read-models/signals')).status).toBe(401);
    const { body } = await api.get('/v1/read-models/signals?limit=1', bearer);
    expect((await api.get(`/v1/read-models/strategies?cursor=${body.next}`, bearer)).status).toBe(400);
    const names = /but (.*)\.$/.exec((await api.get('/v1/read-models/none', bearer)).body.detail)?.[1]?.split(', ') ?? [];
    for (const name of names) expect([name, (await api.get(`/v1/read-models/${name}`, bearer)).status]).toEqual([name, 200]);
  });
});
