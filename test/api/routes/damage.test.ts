import { expect, it } from 'vitest';
import { damagedAt } from '../../../src/tape/damage.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { givenApi, idOf, problemOf } from '../given-api.ts';

it('a read that meets damage of the tape says where it is, and what to do', async () => {
  const { events } = await givenApi();
  const damage = damagedAt({ position: '100', stream: 'engine', revision: 7 }, 'it is not JSON');
  const api = await givenApi({ events: alteredEvents(events, { byId: async () => Promise.reject(damage) }) });
  const answer = await api.get(`/v1/events/${idOf('any')}`);
  expect(problemOf(answer)).toEqual({ status: 500, kind: 'tape-damaged', paths: [] });
  expect(answer.body.detail).toBe(
    'the tape is damaged at position 100 (stream engine, revision 7): restore the backup (it is not JSON)',
  );
});
