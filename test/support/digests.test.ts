/** Digests that called different runs the same would show nothing. */

import { beforeAll, describe, expect, it } from 'vitest';
import { type Contents, contentsOf, differencesOf, digestsOf } from './digests.ts';
import { withRecordedTape } from './recorded-tape.ts';
import { timeWith } from './test-time.ts';

const CANDLES = 60;
const FRAMES = 3_000;

function contentsAt(now: number): Promise<Contents> {
  return withRecordedTape(CANDLES, FRAMES, contentsOf, { time: timeWith({ now: () => now++ }) });
}

function changed<T>(items: readonly T[], index: number, change: (item: T) => T): T[] {
  return items.map((item, at) => (at === index ? change(item) : item));
}

describe('the digests of a run', () => {
  let [run, later]: (Contents | undefined)[] = [];
  let contents: Contents;
  beforeAll(async () => {
    [run, later] = [await contentsAt(1_800_000_000_000), await contentsAt(1_850_000_000_000)];
    contents = run;
  });

  it('are the same at another time', () => {
    expect(differencesOf(contents, later as Contents)).toEqual([]);
    expect(digestsOf(later as Contents)).toEqual(digestsOf(contents));
    expect(new Set(Object.values(digestsOf(contents))).size).toBe(3);
  });

  it('are the same when streams lie otherwise among each other on the tape', () => {
    // All of one stream, and then all of the next: every position is another.
    const places = contents.tape.map(({ position }) => position);
    const order = contents.tape.map(({ stream }, index) => ({ stream, index })).sort((a, b) => (a.stream < b.stream ? -1 : 1));
    const moved = new Map(order.map(({ index }, at) => [places[index] as string, places[at] as string]));
    const to = (position: string): string => moved.get(position) ?? position;
    const tape = order.map(({ index }, at) => ({ ...contents.tape[index], position: places[at] }) as Contents['tape'][number]);
    const documents = contents.documents.map(({ document, ...rest }) => ({
      ...rest,
      document: JSON.parse(
        JSON.stringify(document)
          .replace(/"(_?position)":"(\d+)"/g, (_all, name, position) => `"${name}":"${to(position)}"`)
          .replace(/\/(\d{20})"/g, (_all, position) => `/${to(String(Number(position))).padStart(20, '0')}"`),
      ),
    }));
    const records = contents.records.map(({ headers, value, ...rest }) => ({
      ...rest,
      headers: { ...headers, position: to(headers.position as string) },
      value: value.replace(/"position":"(\d+)"/, (_all, position) => `"position":"${to(position)}"`),
    }));
    expect(differencesOf(contents, { tape, documents, records })).toEqual([]);
  });

  const middle = (items: readonly unknown[]): number => Math.floor(items.length / 2);
  const bar = (all: Contents): number => all.tape.findIndex(({ type }) => type === 'BarClosed');
  it.each<[string, (all: Contents) => Contents]>([
    ['an event is lost', (all) => ({ ...all, tape: all.tape.toSpliced(bar(all), 1) })],
    ['an event is doubled', (all) => ({ ...all, tape: [...all.tape, all.tape[bar(all)] as (typeof all.tape)[number]] })],
    [
      'an event says something else',
      (all) => ({
        ...all,
        tape: changed(all.tape, bar(all), (it) => ({ ...it, data: { ...it.data, close: '1' } }) as typeof it),
      }),
    ],
    ['two events of a stream have changed places', (all) => ({ ...all, tape: swapped(all.tape, ({ stream }) => stream) })],
    ['a document is lost', (all) => ({ ...all, documents: all.documents.toSpliced(middle(all.documents), 1) })],
    [
      'a document has another field',
      (all) => ({
        ...all,
        documents: changed(all.documents, 3, (it) => ({ ...it, document: { ...it.document, extra: 1 } })),
      }),
    ],
    ['a record is lost', (all) => ({ ...all, records: all.records.toSpliced(middle(all.records), 1) })],
    [
      'a record is doubled',
      (all) => ({ ...all, records: all.records.toSpliced(7, 0, all.records[7] as (typeof all.records)[0]) }),
    ],
    ['a record has another key', (all) => ({ ...all, records: changed(all.records, 9, (it) => ({ ...it, key: 'other' })) })],
    [
      'a record lacks a header',
      (all) => ({ ...all, records: changed(all.records, 9, (it) => ({ ...it, headers: { ...it.headers, type: '' } })) }),
    ],
    [
      'two records of a stream have changed places',
      (all) => ({ ...all, records: swapped(all.records, ({ value }) => JSON.parse(value).stream) }),
    ],
  ])('are others when %s', (_what, change) => {
    const other = change(contents);
    expect(digestsOf(other)).not.toEqual(digestsOf(contents));
    expect(differencesOf(contents, other).length).toBeGreaterThan(0);
  });
});

/** With the first two neighbours of the same stream the other way round. */
function swapped<T>(items: readonly T[], streamOf: (item: T) => string): T[] {
  const at = items.findIndex((item, index) => {
    const next = items[index + 1];
    return next !== undefined && streamOf(item) === streamOf(next) && streamOf(item).startsWith('bars-');
  });
  return items.toSpliced(at, 2, items[at + 1] as T, items[at] as T);
}
