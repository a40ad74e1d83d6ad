import { describe, expect, it } from 'vitest';
import { givenApi, recordSettings } from '../given-api.ts';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

async function recordedTrace(traceparent: string): Promise<unknown> {
  const api = await givenApi();
  await recordSettings(api);
  const { status, body } = await api.post('/v1/accounts/paper-1/halt', { mode: 'stop', reason: 'x' }, { traceparent });
  expect(status).toBe(202);
  return (await api.get(`/v1/events/${body.requestId}`)).body.metadata.traceparent;
}

describe('the trace of a request', () => {
  it('is recorded with it', async () => {
    expect(await recordedTrace(TRACE)).toBe(TRACE);
  });

  it.each([
    ['that is none', 'abc'],
    ['of no trace', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['of no span', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
    ['of a version that cannot be', TRACE.replace('00-', 'ff-')],
    ['in capitals', TRACE.toUpperCase()],
    ['with more behind it', `${TRACE}-x`],
  ])('%s is left out, and the request taken all the same', async (_name, trace) => {
    expect(await recordedTrace(trace)).toBeUndefined();
  });
});
