import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FrameScanner } from '../../../../src/adapters/venues/binance/frame-scanner.ts';
import { parseFrame } from '../../../../src/adapters/venues/binance/frames.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';
import { recordedLines, scanLine } from './frame-fuzz.ts';

const lines = recordedLines('data/spot_btcusdt_20240808.jsonl.gz');
const ofStream = (name: string) => lines.filter((line) => line.includes(name));
const depthLines = ofStream('@depth');
const [DEPTH, TRADE, QUOTE] = [depthLines, ofStream('@trade'), ofStream('@bookTicker')].map((some) => some[0] as string) as [
  string,
  string,
  string,
];

const scanner = new FrameScanner(BTCUSDT);
const scan = (line: string) => scanLine(scanner, line);

describe('the frame scanner', () => {
  it('reads every frame of a recording but the snapshot, as the parser does', () => {
    const left = lines.filter((line) => {
      const scanned = scan(line);
      if (scanned !== undefined && !isDeepStrictEqual(scanned, parseFrame(line, BTCUSDT))) throw new Error(line);
      return scanned === undefined;
    });
    expect(lines.length).toBe(41_249);
    expect(left.length).toBe(1);
    expect(left[0]).toContain('lastUpdateId');
  });

  it.each([
    ['a side that is empty', DEPTH.replace(/"b":\[.*\]\],"a"/, '"b":[],"a"')],
    ['the stream of whole seconds', DEPTH.replace('@depth@100ms', '@depth')],
    ['a price of nine digits', DEPTH.replace(/"b":\[\["\d+\./, '"b":[["999999999.')],
    ['a price below one', TRADE.replace(/"p":"\d+\./, '"p":"0.')],
    ['another maker', TRADE.replace('"m":true', '"m":false')],
  ])('reads %s', (_what, line) => {
    const scanned = scan(line);
    expect(scanned).toBeDefined();
    expect(scanned).toEqual(parseFrame(line, BTCUSDT));
  });

  it.each<[string, string, RegExp, string]>([
    ['has a price too fine', DEPTH, /\["(\d+\.\d\d)0/, '["$11'],
    ['has a price too large', DEPTH, /\["(\d+)\./, '["9999999999.'],
    ['has a price of zero', DEPTH, /\["\d+\.\d+"/, '["0.00000000"'],
    ['has a price with a zero before it', DEPTH, /\["/, '["0'],
    ['has a price of fewer decimal places', DEPTH, /\["(\d+\.\d\d)0+"/, '["$1"'],
    ['has a quantity that is no safe number', DEPTH, /","\d+\./, '","99999999.'],
    ['has a negative quantity', DEPTH, /","/, '","-'],
    ['has a letter in a quantity', DEPTH, /","(\d+\.\d)\d/, '","$1O'],
    ['is of another symbol', DEPTH, /"s":"BTCUSDT"/, '"s":"ETHUSDT"'],
    ['is of futures', DEPTH, /"b":/, '"pu":1,"b":'],
    ['has ids out of order', DEPTH, /"U":\d+/, '"U":999999999999'],
    ['has an id that is no safe number', DEPTH, /"u":\d+/, '"u":9999999999999999'],
    ['has an id with a zero before it', DEPTH, /"U":/, '"U":0'],
    ['goes on behind its end', DEPTH, /\}\}$/, '}} '],
    ['has a line end of Windows', DEPTH, /\}\}$/, '}}\r'],
    ['is cut off', DEPTH, /\}$/, ''],
    ['was received in microseconds', DEPTH, /^(\d{16})\d{3}/, '$1'],
    ['is a trade of nothing', TRADE, /"q":"[\d.]+"/, '"q":"0.00000000"'],
    ['is a print that no market made', TRADE, /"m":/, '"X":"INSURANCE_FUND","m":'],
    ['is a quote without a number', QUOTE, /"B":"[\d.]+"/, '"B":""'],
    ['is a quote that is not JSON', QUOTE, /"u":\d+/, '"u":x'],
  ])('leaves a frame to the parser that %s', (_what, original, pattern, replacement) => {
    const line = original.replace(pattern, replacement);
    expect(line).not.toBe(original);
    expect(scan(line)).toBeUndefined();
  });

  it('leaves a side of more levels than a side may have, of which the parser says so', () => {
    const sideOf = (levels: number) =>
      DEPTH.replace(
        /"b":\[.*\]\],"a"/,
        () => `"b":[${'["1.00000000","1.00000000"],'.repeat(levels - 1)}["1.00000000","1.00000000"]],"a"`,
      );
    expect(scan(sideOf(20_000))).toBeDefined();
    expect(scan(sideOf(20_001))).toBeUndefined();
    expect(() => parseFrame(sideOf(20_001), BTCUSDT)).toThrow(/more than 20000 levels/);
  });

  it('leaves everything of an instrument whose prices are finer than the venue writes', () => {
    const fine = new FrameScanner({ ...BTCUSDT, priceScale: 9 });
    expect([DEPTH, TRADE, QUOTE].map((line) => scanLine(fine, line))).toEqual([undefined, undefined, undefined]);
  });

  it('takes ten of all bytes for a digit, wherever in a number they are', () => {
    const bytes = Buffer.from(`${TRADE}\n${TRADE}`);
    const end = TRADE.length;
    const first = TRADE.indexOf('"q":"') + 7;
    for (let at = first; at < first + 8; at++) {
      const original = bytes[at] as number;
      const taken = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
        bytes[at] = byte;
        // A digit that is not zero, lest a trade of nothing be refused.
        bytes[at === first ? at + 1 : first] = 49;
        return scanner.scan(bytes, 0, end) !== undefined;
      });
      expect(taken).toEqual([48, 49, 50, 51, 52, 53, 54, 55, 56, 57]);
      bytes[at] = original;
    }
  });

  it('does not read beyond the bytes that it is given', () => {
    const bytes = Buffer.from(QUOTE);
    expect(scanner.scan(bytes, 0, bytes.length)).toBeUndefined();
    expect(scanner.scan(Buffer.concat([bytes, Buffer.alloc(8)]), 0, bytes.length)).toBeDefined();
  });
});
