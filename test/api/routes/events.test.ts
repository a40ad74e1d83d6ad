import { describe, expect, it } from 'vitest';
import { signalsStream } from '../../../src/domain/streams.ts';
import { type GivenApi, givenApi, idOf, minuteTime, NOW, problemOf, recordSettings, signal } from '../given-api.ts';

async function recordSome(api: GivenApi): Promise<string[]> {
  const ids: string[] = [];
  for (let minute = 0; minute < 5; minute++) {
    const options = { at: minuteTime(minute), correlationId: idOf(minute < 2 ? 'first' : 'second') };
    ids.push((await api.record('SignalGenerated', signalsStream('cross'), signal(minute), options)).id);
  }
  return ids;
}

const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);

describe('GET /v1/events', () => {
  it('shows whole envelopes, newest first', async () => {
    const api = await givenApi();
    const ids = await recordSome(api);
    const { body, headers } = await api.get('/v1/events');
    expect(idsOf(body)).toEqual(ids.toReversed());
    expect(body.data[0]).toEqual({
      id: ids[4],
      stream: 'signals-cross',
      revision: 4,
      position: headers['tapedeck-position'],
      type: 'SignalGenerated',
      schemaVersion: 1,
      data: signal(4),
      metadata: {
        occurredAt: minuteTime(4),
        recordedAt: new Date(NOW).toISOString(),
        correlationId: idOf('second'),
        causationId: ids[4],
        actor: 'test',
        codeVersion: 'test',
      },
    });
  });

  it.each([
    ['stream=signals-cross', 5],
    ['stream=signals-other', 0],
    ['category=settings', 6],
    ['category=settings,signals', 11],
    ['type=SignalGenerated', 5],
    ['type=AccountOpened,SettingsApplied', 2],
    ['type=SignalGenerated&category=settings', 0],
    [`correlation=${idOf('second')}`, 3],
    [`category=signals&from=${minuteTime(1)}&to=${minuteTime(3)}`, 2],
  ])('selects by %s', async (query, count) => {
    const api = await givenApi();
    await recordSettings(api);
    await recordSome(api);
    const ascending = await api.get(`/v1/events?order=asc&${query}`);
    const descending = await api.get(`/v1/events?${query}`);
    expect(ascending.body.data).toHaveLength(count);
    expect(idsOf(descending.body)).toEqual(idsOf(ascending.body).reverse());
  });

  it.each(['asc', 'desc'])('pages through, %s, while events are added', async (order) => {
    const api = await givenApi();
    const ids = await recordSome(api);
    const first = await api.get(`/v1/events?limit=3&order=${order}`);
    const { id } = await api.record('SignalGenerated', signalsStream('cross'), signal(9));
    const second = await api.get(`/v1/events?limit=3&order=${order}&cursor=${first.body.next}`);
    const expected = order === 'asc' ? [...ids, id] : ids.toReversed();
    expect([...idsOf(first.body), ...idsOf(second.body)]).toEqual(expected);
    expect(second.body.next).toBeNull();
  });

  it('refuses what it cannot select by', async () => {
    const api = await givenApi();
    const answer = await api.get('/v1/events?type=OrderEaten&correlation=7&category=a-b');
    expect(problemOf(answer).status).toBe(400);
    expect(problemOf(answer).paths.sort()).toEqual(['category.0', 'correlation', 'type.0']);
  });
});

describe('GET /v1/events/{id}', () => {
  it('shows one event', async () => {
    const api = await givenApi();
    const ids = await recordSome(api);
    expect((await api.get(`/v1/events/${ids[1]}`)).body).toMatchObject({ id: ids[1], data: signal(1), revision: 1 });
    // A UUID has no case.
    expect((await api.get(`/v1/events/${ids[1]?.toUpperCase()}`)).body).toMatchObject({ id: ids[1] });
  });

  it('says that there is none', async () => {
    const api = await givenApi();
    expect(problemOf(await api.get(`/v1/events/${idOf('x')}`))).toMatchObject({ status: 404, kind: 'not-found' });
    expect(problemOf(await api.get('/v1/events/7'))).toMatchObject({ status: 400, paths: ['id'] });
  });
});
