/** Streams of a made-up venue whose snapshots come in the stream, and what becomes of them on the way. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FrameReader } from '../../../src/adapters/venues/venue-frames.ts';
import { StreamedBook } from '../../../src/domain/feed/book/streamed-book.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { formatQuantity, type Quantity } from '../../../src/domain/feed/units.ts';
import { MIDNIGHT } from '../../domain/feed/market-fixtures.ts';

/** `restart` is a snapshot with which the ids begin anew; `reset` an update with which they do, and that links all the same. */
type StepKind = 'update' | 'quiet' | 'snapshot' | 'restart' | 'reset';

type Change = readonly [side: 'bids' | 'asks', price: number, quantity: number];
type Side = Map<number, number>;

/** A frame as the venue sends it: prices are whole numbers, quantities too, zero removes. */
export interface SourceFrame {
  readonly isSnapshot: boolean;
  readonly time: number;
  readonly id: number;
  readonly previousId: number;
  readonly bids: readonly (readonly [number, number])[];
  readonly asks: readonly (readonly [number, number])[];
  /** The whole book after it. */
  readonly book: string;
  readonly whole: Readonly<Record<'bids' | 'asks', readonly (readonly [number, number])[]>>;
}

interface Step {
  readonly kind: StepKind;
  readonly wait: number;
  readonly idStep: number;
  readonly changes: readonly Change[];
}

/** Where a frame goes on its way: how often it arrives, and how many places later. */
interface Fate {
  readonly copies: readonly number[];
}

const changes = fc.array(
  fc.tuple(fc.constantFrom('bids' as const, 'asks' as const), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 3 })),
  { maxLength: 4 },
);

/** A stream's steps with their fates. Most frames arrive once and at their place. */
export function streams(kinds: readonly StepKind[], idSteps: readonly number[]) {
  const kind = fc.oneof({ weight: 6, arbitrary: fc.constant<StepKind>('update') }, fc.constantFrom(...kinds));
  const step = fc.record<Step>({
    kind,
    wait: fc.integer({ min: 0, max: 3 }),
    idStep: fc.constantFrom(...idSteps),
    changes,
  });
  const place = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 12 }));
  const copies = fc.oneof({ weight: 8, arbitrary: fc.constant([0]) }, fc.array(place, { maxLength: 3 }));
  return fc.array(fc.tuple(step, fc.record<Fate>({ copies })), { minLength: 1, maxLength: 60 });
}

/**
 * The frames of the venue, the first a snapshot. Bids are below 10, asks from 10 on. At most so often the ids begin anew:
 * from the second time on the same ids may come again, and where all between the two is lost, no id shows it.
 */
function sourceOf(steps: readonly Step[], mostBeginnings = Number.POSITIVE_INFINITY): SourceFrame[] {
  let beginnings = 0;
  const [bids, asks]: [Side, Side] = [new Map([[9, 1]]), new Map([[10, 1]])];
  let [id, time] = [1_000, MIDNIGHT];
  return steps.map((step, index) => {
    const mayBegin = (step.kind !== 'restart' && step.kind !== 'reset') || beginnings++ < mostBeginnings;
    const kind = index === 0 || !mayBegin ? 'snapshot' : step.kind;
    const previousId = id;
    const beginsAnew = kind === 'restart' || kind === 'reset';
    // The venue's clock goes on while it is restarted.
    time += beginsAnew ? step.wait + 1 : step.wait;
    id = beginsAnew ? Math.max(1, Math.floor(id / 50)) : kind === 'quiet' ? id : id + step.idStep;
    if (kind === 'restart') id = 1;
    const isSnapshot = kind === 'snapshot' || kind === 'restart';
    const changed =
      kind === 'quiet'
        ? []
        : step.changes.map(([side, price, quantity]) => [side, side === 'bids' ? price : price + 9, quantity] as const);
    for (const [side, price, quantity] of changed) {
      const levels = side === 'bids' ? bids : asks;
      if (quantity === 0) levels.delete(price);
      else levels.set(price, quantity);
    }
    const told = (name: 'bids' | 'asks') => changed.flatMap(([side, ...level]) => (side === name ? [level] : []));
    const whole = { bids: [...bids], asks: [...asks] };
    const frame = { isSnapshot, time, id, previousId: isSnapshot ? -1 : previousId, whole, book: bookText(bids, asks) };
    return isSnapshot ? { ...frame, ...whole } : { ...frame, bids: told('bids'), asks: told('asks') };
  });
}

function bookText(bids: Side, asks: Side): string {
  const text = (side: Side) =>
    [...side]
      .toSorted(([a], [b]) => a - b)
      .map(([price, quantity]) => `${price}x${quantity}`)
      .join(' ');
  return `${text(bids)} | ${text(asks)}`;
}

/** The frames as they arrive: lost, more than once, or out of order. */
function arriving<T>(frames: readonly T[], fates: readonly Fate[]): T[] {
  const arrivals = frames.flatMap((frame, index) =>
    (fates[index]?.copies ?? []).map((later) => ({ frame, place: index + later })),
  );
  return arrivals.toSorted((a, b) => a.place - b.place).map(({ frame }) => frame);
}

/**
 * Whenever the book that is kept of what arrives can be trusted, it is the source's book as of its id and time, and nothing
 * later has arrived.
 */
function expectNoWrongBook(
  arrived: readonly SourceFrame[],
  source: readonly SourceFrame[],
  reader: FrameReader,
  lineOf: (frame: SourceFrame) => string,
): void {
  const book = new StreamedBook(new Tally(), 1, 0);
  const known = new Map(source.map(({ id, time, book: text }) => [`${time}|${id}`, text]));
  let latest = Number.NEGATIVE_INFINITY;
  for (const frame of arrived) {
    latest = Math.max(latest, frame.time);
    for (const message of reader.parse(lineOf(frame))) {
      if (message.kind === 'snapshot') book.applySnapshot(message);
      if (message.kind === 'depth') book.apply(message);
    }
    if (book.state !== 'valid') continue;
    expect(book.eventTime).toBe(latest);
    expect(textOf(book)).toBe(known.get(`${book.eventTime}|${book.updateId}`));
  }
}

/** The book's sides as `bookText` has those of the source. */
function textOf({ bids, asks }: StreamedBook): string {
  const sides = [bids, asks].map((side) => {
    const { prices, quantities } = side.top(100);
    return new Map(prices.map((price, i) => [price, Number(formatQuantity(quantities[i] as Quantity))]));
  });
  return bookText(sides[0] as Side, sides[1] as Side);
}

/** The two properties of every book whose snapshots come in its stream; `lineOf` writes a frame as the venue does. */
export function itKeepsTheBook(
  stream: ReturnType<typeof streams>,
  open: () => FrameReader,
  lineOf: (frame: SourceFrame) => string,
): void {
  it('never makes a wrong book that is trusted', () => {
    fc.assert(
      fc.property(stream, (fated) => {
        const source = sourceOf(
          fated.map(([step]) => step),
          1,
        );
        const arrived = arriving(
          source,
          fated.map(([, fate]) => fate),
        );
        expectNoWrongBook(arrived, source, open(), lineOf);
      }),
      { numRuns: 2_000 },
    );
  });

  it('makes a book that is trusted throughout, where all arrives in order, through new beginnings', () => {
    fc.assert(
      fc.property(stream, (fated) => {
        const reader = open();
        const book = new StreamedBook(new Tally(), 1, 0);
        for (const frame of sourceOf(fated.map(([step]) => step))) {
          const [message] = reader.parse(lineOf(frame));
          if (message?.kind === 'snapshot') book.applySnapshot(message);
          if (message?.kind === 'depth') book.apply(message);
          expect(book.state).toBe('valid');
          expect(textOf(book)).toBe(frame.book);
        }
      }),
      { numRuns: 500 },
    );
  });
}
