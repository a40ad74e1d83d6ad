/**
 * Recorded frames with a few bytes changed, read by the scanner and by the parser: what the scanner takes, the parser
 * must read as the same, for what the scanner leaves the parser reads anyway. The same seed makes the same changes.
 */

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { FrameScanner } from '../../../../src/adapters/venues/binance/frame-scanner.ts';
import { parseFrame } from '../../../../src/adapters/venues/binance/frames.ts';
import { RefusedFrameError } from '../../../../src/adapters/venues/frame-fields.ts';
import type { MarketMessage } from '../../../../src/domain/feed/messages.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { seeded } from '../../../support/seeded.ts';

const LINE_END = 10;
/** What JSON, numbers and these frames are made of, and bytes that belong nowhere. */
const CHARACTERS = '0123456789012345678901234567890..,,""[]{}:-+eE abtumpqsUTMBA@\\\r\t\0é'.split('');

export function recordedLines(file: string): string[] {
  return gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
}

export interface FuzzResult {
  readonly mutations: number;
  /** How many of them the scanner took. */
  readonly taken: number;
  /** How many of the others the parser refused. */
  readonly refused: number;
}

/** Changes `lines` in `mutations` ways. Throws with the line at the first that is read in two ways. */
export function fuzzFrames(
  lines: readonly string[],
  instrument: InstrumentSettings,
  mutations: number,
  seed: number,
): FuzzResult {
  const scanner = new FrameScanner(instrument);
  const chance = seeded(seed);
  const random: Random = (below) => Math.floor(chance() * below);
  let taken = 0;
  let refused = 0;
  for (let i = 0; i < mutations; i++) {
    const line = mutated(lines[random(lines.length)] as string, random);
    const scanned = scanLine(scanner, line);
    const parsed = parseLine(line, instrument);
    if (parsed === undefined) refused++;
    if (scanned === undefined) continue;
    taken++;
    if (!isDeepStrictEqual(scanned, parsed)) throw new Error(`the scanner and the parser differ on: ${line}`);
  }
  return { mutations, taken, refused };
}

/** The line as it lies in a file, among others. */
export function scanLine(scanner: FrameScanner, line: string): MarketMessage | undefined {
  const bytes = Buffer.from(`1723161254087896568 {}\n${line}\n1723161254087896568 {"stream":"x"}\n`);
  const start = bytes.indexOf(LINE_END) + 1;
  return scanner.scan(bytes, start, bytes.indexOf(LINE_END, start));
}

function parseLine(line: string, instrument: InstrumentSettings): MarketMessage | undefined {
  try {
    return parseFrame(line, instrument);
  } catch (error) {
    if (error instanceof RefusedFrameError) return undefined;
    throw error;
  }
}

type Random = (below: number) => number;

/** One to three changes of a few bytes; half of them a digit for a digit, which keeps the shape. */
function mutated(original: string, random: Random): string {
  let line = original;
  for (let edits = 1 + random(3); edits > 0; edits--) line = random(2) === 0 ? otherDigit(line, random) : edited(line, random);
  return line;
}

function otherDigit(line: string, random: Random): string {
  let at = random(line.length);
  while (at < line.length && !/\d/.test(line.charAt(at))) at++;
  return at === line.length ? line : `${line.slice(0, at)}${random(10)}${line.slice(at + 1)}`;
}

function edited(line: string, random: Random): string {
  const at = random(line.length + 1);
  switch (random(6)) {
    case 0:
      return line.slice(0, at) + line.slice(at + 1 + random(12));
    case 1: {
      const from = random(line.length);
      return line.slice(0, at) + line.slice(from, from + 1 + random(30)) + line.slice(at);
    }
    case 2:
      return random(4) === 0 ? line.slice(0, at) : line.slice(0, at) + line.slice(at + 1);
    default: {
      const inserted = Array.from({ length: 1 + random(3) }, () => CHARACTERS[random(CHARACTERS.length)]).join('');
      return line.slice(0, at) + inserted + line.slice(at + random(inserted.length + 2));
    }
  }
}
