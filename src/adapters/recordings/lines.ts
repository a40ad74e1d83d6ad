/** The lines of a recording, gzip or not, in bounded memory and whole up to where the file tears. */

import type { Tally } from '../../domain/feed/tally.ts';
import { RecordingError } from '../../ports/feed.ts';
import { gunzip, TornGzipError } from './gunzip.ts';
import { openRecording, readRaw } from './raw-file.ts';

/** Longest line: a snapshot of 5,000 levels a side is a tenth of this. */
const MAX_LINE_BYTES = 4_000_000;
const LINE_END = 10;

/** Lines as they lie in a piece of the file: line `i` from byte `starts[i]` to before `ends[i]`, without its end. */
export interface Lines {
  readonly bytes: Buffer;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The text of line `index`. */
export function lineText({ bytes, starts, ends }: Lines, index: number): string {
  return bytes.toString('utf8', starts[index], ends[index]);
}

/**
 * The file's lines, without their ends, in batches. The last one counts as a line when the file ends without a line
 * end, but not when a gzip tears within it, unless it is all that there is (JSON in one line, which is read row by row).
 * Where a gzip is damaged, that is counted, and all the lines before the damage stand. Throws RecordingError for a
 * damaged one that gives no text at all.
 */
export async function* readLines(file: string, tally: Tally): AsyncGenerator<Lines> {
  const splitter = new LineSplitter(file, tally);
  let torn: TornGzipError | undefined;
  try {
    for await (const chunk of readChunks(file)) {
      const lines = splitter.split(chunk);
      if (lines.ends.length > 0) yield lines;
    }
  } catch (error) {
    if (!(error instanceof TornGzipError)) throw error;
    torn = error;
  }
  const rest = splitter.end();
  const isLine = torn === undefined || torn.isTextWhole || splitter.lines === 0;
  if (torn !== undefined) {
    if (splitter.lines === 0 && rest.length === 0) {
      throw new RecordingError(
        `recording "${file}" holds nothing that can be read, its gzip is torn or damaged (${torn.message}); fetch it again`,
      );
    }
    tally.at(file, splitter.lines + 1);
    const what = `the gzip "${file}" is torn or damaged (${torn.message})`;
    tally.note('torn-gzip', `${what}; the lines before the damage are used, fetch the file again for the rest`);
  }
  if (isLine && rest.length > 0) yield { bytes: rest, starts: [0], ends: [rest.length] };
}

/** Throws RecordingError when the file cannot be opened. */
export async function checkReadable(file: string): Promise<void> {
  const handle = await openRecording(file);
  await handle.close();
}

/** Splits bytes at line ends, across chunks. */
class LineSplitter {
  readonly #file: string;
  readonly #tally: Tally;
  /** What came after the last line end. */
  #rest: Buffer = Buffer.alloc(0);
  #isSkipping = false;
  lines = 0;

  constructor(file: string, tally: Tally) {
    this.#file = file;
    this.#tally = tally;
  }

  split(chunk: Buffer): Lines {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const starts: number[] = [];
    const ends: number[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      // The end of a line that is left out still counts as a line, an empty one.
      starts.push(this.#isSkipping ? end : start);
      ends.push(end);
      this.#isSkipping = false;
      start = end + 1;
    }
    this.lines += ends.length;
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > MAX_LINE_BYTES) this.#leaveOut();
    return { bytes, starts, ends };
  }

  end(): Buffer {
    return this.#isSkipping ? Buffer.alloc(0) : this.#rest;
  }

  #leaveOut(): void {
    if (!this.#isSkipping) {
      this.#tally.at(this.#file, this.lines + 1);
      this.#tally.note('line-too-long', `the line is longer than ${MAX_LINE_BYTES} bytes and is left out`);
    }
    this.#rest = Buffer.alloc(0);
    this.#isSkipping = true;
  }
}

async function* readChunks(file: string): AsyncGenerator<Buffer> {
  yield* (await isGzip(file)) ? gunzip(() => readRaw(file)) : readRaw(file);
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await openRecording(file);
  try {
    const magic = Buffer.alloc(2);
    const { bytesRead } = await handle.read(magic, 0, 2, 0);
    return bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    await handle.close();
  }
}
