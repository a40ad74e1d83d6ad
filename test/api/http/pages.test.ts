import { expect, it } from 'vitest';
import { signalsStream } from '../../../src/domain/streams.ts';
import { givenApi, minuteTime, problemOf, recordSettings, signal } from '../given-api.ts';
import type { OpenApi } from '../openapi/documented.ts';

/** What a list of the document must be asked with. */
const NAMES: Readonly<Record<string, string>> = {
  id: 'paper-1',
  name: 'signals',
  venue: 'binance',
  symbol: 'BTCUSDT',
  interval: '1m',
};

it('of every list: a genuine cursor of another query is refused before a position is waited for', async () => {
  const api = await givenApi();
  await recordSettings(api);
  for (const minute of [0, 1])
    await api.record('SignalGenerated', signalsStream('cross'), signal(minute), { at: minuteTime(minute) });
  const { next } = (await api.get('/v1/signals?limit=1&strategy=cross')).body;
  const { paths } = (await api.get('/openapi.json')).body as unknown as OpenApi;
  const lists = Object.entries(paths).filter(([, { get }]) => get?.parameters?.some(({ name }) => name === 'cursor'));
  expect(lists.length).toBeGreaterThanOrEqual(13);
  for (const [path, { get }] of lists) {
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => NAMES[name] ?? '');
    const required = get?.parameters?.filter((parameter) => parameter.in === 'query' && parameter.required === true) ?? [];
    const query = required.map(({ name }) => `${name}=${NAMES[name]}&`).join('');
    const answer = await api.get(`${url}?${query}cursor=${next}&min-position=99999999999`);
    expect({ url, ...problemOf(answer) }).toEqual({ url, status: 400, kind: 'invalid-request', paths: ['cursor'] });
    expect(answer.body.detail).toMatch('belongs to another query');
  }
  // With its own query it waits.
  const own = await api.get(`/v1/signals?limit=1&strategy=cross&cursor=${next}&min-position=99999999999`);
  expect(problemOf(own)).toMatchObject({ status: 503, kind: 'position-not-reached' });
});
