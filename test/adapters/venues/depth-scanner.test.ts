import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanDepth } from '../../../src/adapters/venues/binance/depth-scanner.ts';
import { parseFrame, RefusedFrameError } from '../../../src/adapters/venues/binance/frames.ts';
import type { MarketFrame } from '../../../src/domain/market/frames.ts';
import { BTCUSDT } from '../../domain/market/market-fixtures.ts';

const text = gunzipSync(readFileSync('data/spot_btcusdt_20240808.jsonl.gz')).toString('utf8');
const depthLines = text.split('\n').filter((line) => line.includes('@depth'));

/** The same frame by way of JSON.parse: a blank behind the brace is JSON, and not of the scanner's shape. */
function parsed(line: string): MarketFrame | string {
  try {
    return parseFrame(line.replace(' {', ' { '), BTCUSDT);
  } catch (error) {
    if (error instanceof RefusedFrameError) return 'refused';
    throw error;
  }
}

describe('the depth scanner', () => {
  it('reads every recorded depth frame, as the parser does', () => {
    expect(depthLines.length).toBeGreaterThan(2_000);
    for (const line of depthLines.slice(0, 500)) {
      const scanned = scanDepth(line, BTCUSDT);
      expect(scanned).toBeDefined();
      expect(scanned).toEqual(parsed(line));
    }
    expect(depthLines.every((line) => scanDepth(line, BTCUSDT) !== undefined)).toBe(true);
  });

  it('reads sides that are empty', () => {
    const line = (depthLines[0] as string).replace(/"b":\[.*\]\],"a"/, '"b":[],"a"');
    expect(scanDepth(line, BTCUSDT)).toMatchObject({ bids: { prices: [], quantities: [] } });
    expect(scanDepth(line, BTCUSDT)).toEqual(parsed(line));
  });

  it('takes nothing that the parser would read otherwise, whatever is done to a frame', () => {
    const short = depthLines.filter((line) => line.length < 700).slice(0, 20);
    const characters = fc.constantFrom(...'0123456789.,"[]{}-+eE :abuU'.split(''));
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat({ max: 3 }),
      insert: fc.array(characters, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...short), fc.array(edit, { minLength: 1, maxLength: 2 }), (original, edits) => {
        let line = original;
        for (const { at, remove, insert } of edits) {
          const place = Math.floor(at * line.length);
          line = line.slice(0, place) + insert.join('') + line.slice(place + remove);
        }
        const scanned = scanDepth(line, BTCUSDT);
        if (scanned !== undefined) expect(scanned).toEqual(parsed(line));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['has a price too fine', /\["(\d+\.\d\d)0/, '["$11'],
    ['has a price too large', /\["(\d+)\./, '["9999999999999$1.'],
    ['has a price of zero', /\["\d+\.\d+"/, '["0.00"'],
    ['has a price with a zero before it', /\["/, '["0'],
    ['has a quantity of many digits', /","(\d+)\./, '","123456789012$1.'],
    ['has a negative quantity', /","/, '","-'],
    ['is of another symbol', /"s":"BTCUSDT"/, '"s":"ETHUSDT"'],
    ['is of futures', /"b":/, '"pu":1,"b":'],
    ['has ids out of order', /"U":\d+/, '"U":999999999999'],
    ['goes on behind its end', /\}\}$/, '}} '],
  ])('leaves a frame to the parser that %s', (_what, pattern, replacement) => {
    const line = (depthLines[0] as string).replace(pattern, replacement);
    expect(line).not.toBe(depthLines[0]);
    expect(scanDepth(line, BTCUSDT)).toBeUndefined();
  });
});
