/**
 * The text of a gzip: of all its members one after another, with zero padding or without, and of a torn or damaged
 * one all that comes before the damage.
 */

import { createGunzip, type Gunzip } from 'node:zlib';

/** What zlib says of damage behind a whole text: a wrong check sum, or bytes that are no further member. */
const BEHIND_THE_TEXT =
  /^(incorrect (header|data|length) check|unknown compression method|unknown header flags set|header crc mismatch)$/;

/** Bytes of the pieces in which a gzip is decompressed that was found damaged in larger ones. */
const SMALLER_PIECES = [256, 1];

/** The gzip is torn or damaged; the message says how, in zlib's words. What could be decompressed was given before. */
export class TornGzipError extends Error {
  /** The gzip ended too early: nothing that it made is kept back. */
  readonly isAtEnd: boolean;

  constructor(reason: string, isAtEnd: boolean) {
    super(reason);
    this.isAtEnd = isAtEnd;
  }

  /** Does the damage lie behind the end of a text, which is whole? */
  get isTextWhole(): boolean {
    return BEHIND_THE_TEXT.test(this.message);
  }
}

/**
 * `open` reads the gzip from its beginning. Throws TornGzipError after the last text that there is. zlib keeps to itself
 * what it made of the piece in which it finds damage: so that piece is decompressed again in smaller ones, at last byte
 * by byte.
 */
export async function* gunzip(open: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [whole, given] = [0, 0];
  let failure: TornGzipError | undefined;
  for (const pieceBytes of [Number.POSITIVE_INFINITY, ...SMALLER_PIECES]) {
    let [taken, made] = [0, 0];
    try {
      for await (const { bytes, texts } of inflate(split(open(), whole, pieceBytes))) {
        taken += bytes;
        for (const text of texts) {
          const more = text.subarray(Math.max(0, given - made));
          made += text.length;
          given += more.length;
          if (more.length > 0) yield more;
        }
      }
      return;
    } catch (error) {
      if (!(error instanceof TornGzipError)) throw error;
      failure = error;
      whole = taken;
      if (error.isAtEnd) break;
    }
  }
  throw failure;
}

/** The chunks as they come up to byte `whole`, and from there on in pieces of at most so many bytes. */
async function* split(raw: AsyncIterable<Buffer>, whole: number, pieceBytes: number): AsyncGenerator<Buffer> {
  let left = whole;
  for await (const chunk of raw) {
    const before = Math.min(left, chunk.length);
    left -= before;
    if (before > 0) yield chunk.subarray(0, before);
    for (let at = before; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, Math.min(chunk.length, at + pieceBytes));
  }
}

/** For each piece of the gzip, its size and what it made. */
async function* inflate(raw: AsyncIterable<Buffer>): AsyncGenerator<{ readonly bytes: number; readonly texts: Buffer[] }> {
  const stream = createGunzip();
  let texts: Buffer[] = [];
  let failure: Error | undefined;
  stream.on('data', (text: Buffer) => texts.push(text));
  stream.on('error', (error) => {
    failure = error;
  });
  try {
    for await (const chunk of raw) {
      await write(stream, chunk);
      if (failure !== undefined) throw new TornGzipError(failure.message, false);
      yield { bytes: chunk.length, texts };
      texts = [];
    }
    await finish(stream);
    yield { bytes: 0, texts };
    if (failure !== undefined) throw new TornGzipError(failure.message, true);
  } finally {
    stream.destroy();
  }
}

/** Resolves when the chunk is decompressed, or the stream has failed: then zlib may never call back. */
function write(stream: Gunzip, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.write(chunk, () => {
      stream.off('close', resolve);
      resolve();
    });
  });
}

/** Resolves when everything was handed out, or the stream has failed. */
function finish(stream: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.end();
  });
}
