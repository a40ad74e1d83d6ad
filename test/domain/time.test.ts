import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, epochMs, HOUR_MS, isIsoTime, isoTime, MINUTE_MS, SECOND_MS, utcDay } from '../../src/domain/time.ts';

/** Every millisecond of the years 0000 to 9999; JavaScript's own calendar is the judge. */
const times = fc.integer({ min: Date.UTC(2000, 0, 1) - 2000 * 366 * 86_400_000, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });
const YEAR_ZERO = new Date('0000-01-01T00:00:00.000Z').getTime();

describe('a time on the tape', () => {
  it('is what JavaScript calls that instant, in every year of four digits', () => {
    fc.assert(
      fc.property(
        times.filter((ms) => ms >= YEAR_ZERO),
        (ms) => {
          const text = new Date(ms).toISOString();
          return isoTime(ms) === text && epochMs(text) === ms && isIsoTime(text) && utcDay(text) === text.slice(0, 10);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is right at every day of four centuries', () => {
    const from = Date.UTC(1800, 0, 1);
    for (let day = 0; day < 146_097; day += 1) {
      const ms = from + day * 86_400_000;
      if (isoTime(ms) !== new Date(ms).toISOString() || epochMs(isoTime(ms)) !== ms)
        expect.fail(`day ${new Date(ms).toISOString()}`);
    }
  });

  it.each([
    ['1970-01-01T00:00:00.000Z', 0],
    ['1969-12-31T23:59:59.999Z', -1],
    ['2000-02-29T12:34:56.789Z', 951_827_696_789],
    ['2024-08-08T23:54:15.208Z', 1_723_161_255_208],
    ['0000-01-01T00:00:00.000Z', -62_167_219_200_000],
    ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ])('%s is %d', (text, ms) => {
    expect(epochMs(text)).toBe(ms);
    expect(isoTime(ms)).toBe(text);
  });

  it.each([
    ...[
      '',
      '2024-08-08',
      '2024-08-08T23:54:15Z',
      '2024-08-08T23:54:15.20Z',
      '2024-08-08T23:54:15.208',
      '2024-08-08 23:54:15.208Z',
    ],
    ...['2024-08-08T23:54:15.208+00:00', '2024-08-08t23:54:15.208z', '2024-02-30T00:00:00.000Z', '2023-02-29T00:00:00.000Z'],
    ...['1900-02-29T00:00:00.000Z', '2024-04-31T00:00:00.000Z', '2024-13-01T00:00:00.000Z', '2024-00-01T00:00:00.000Z'],
    ...['2024-01-00T00:00:00.000Z', '2024-01-01T24:00:00.000Z', '2024-01-01T00:60:00.000Z', '2016-12-31T23:59:60.000Z'],
    ...['+02024-08-08T23:54:15.208Z', '2024-08-08T23:54:15.208Z\n', '٢024-08-08T23:54:15.208Z'],
  ])('is not %j', (text) => {
    expect(isIsoTime(text)).toBe(false);
  });

  it('has units that are multiples of one another', () => {
    expect([SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS]).toEqual([1000, 60_000, 3_600_000, 86_400_000]);
  });
});
