import { describe, expect, it } from 'vitest';
import { BTCUSDT } from '../../../support/fixtures.ts';
import { counts } from '../../../support/scale.ts';
import { fuzzFrames, recordedLines } from './frame-fuzz.ts';

const lines = recordedLines('data/spot_btcusdt_20240808.jsonl.gz');
const shortDepth = lines.filter((line) => line.includes('@depth') && line.length < 400);

describe('the frame scanner', () => {
  it.each([
    ['all frames', lines, 0],
    ['short depth frames', shortDepth, 0],
    ['all frames, with prices in whole numbers', lines, 2],
  ])('takes nothing that the parser would read otherwise, whatever is done to %s', (_what, some, scaleDown) => {
    const instrument = { ...BTCUSDT, priceScale: BTCUSDT.priceScale - scaleDown };
    const { taken, refused } = fuzzFrames(some, instrument, counts.changedFrames, 20_240_808 + scaleDown);
    // The changes are of both kinds: those that the scanner takes, and those that nobody does.
    expect(taken).toBeGreaterThan(counts.changedFrames / 20);
    expect(refused).toBeGreaterThan(counts.changedFrames / 20);
  });
});
