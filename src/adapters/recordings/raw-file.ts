/**
 * The bytes of recordings. A run reads all of its feeds side by side, and the system lets a process have so many files
 * open: some are held open while they are read, the others are opened for each chunk.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { RecordingError } from '../../ports/feed.ts';
import { OPEN_AT_ONCE } from '../../text-file.ts';

const CHUNK_BYTES = 64 * 1024;

/** Most files that are held open at a time, in this thread: a quarter of the least that systems allow. */
export const MOST_HELD_OPEN = 64;

let heldOpen = 0;

/** The file's bytes, in chunks. Throws RecordingError where it cannot be opened, or another file has taken its place. */
export async function* readRaw(file: string): AsyncGenerator<Buffer> {
  if (heldOpen >= MOST_HELD_OPEN) {
    yield* readChunkByChunk(file);
    return;
  }
  heldOpen++;
  try {
    const handle = await openRecording(file);
    try {
      yield* handle.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
    } finally {
      await handle.close();
    }
  } finally {
    heldOpen--;
  }
}

async function* readChunkByChunk(file: string): AsyncGenerator<Buffer> {
  let identity: string | undefined;
  for (let position = 0; ; ) {
    const handle = await openRecording(file);
    let chunk: Buffer;
    try {
      const { dev, ino } = await handle.stat();
      identity ??= `${dev}/${ino}`;
      if (identity !== `${dev}/${ino}`) {
        throw new RecordingError(`recording "${file}": another file has taken its place while it was read; start again`);
      }
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
      chunk = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
    if (chunk.length === 0) return;
    position += chunk.length;
    yield chunk;
  }
}

/** Throws RecordingError where it cannot be opened or is no plain file. */
export async function openRecording(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, OPEN_AT_ONCE);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    throw new RecordingError(`recording "${file}": ${whyNot((error as NodeJS.ErrnoException).code)}`);
  }
  throw new RecordingError(`recording "${file}": it is not a file; name the recording itself`);
}

function whyNot(code: string | undefined): string {
  if (code === 'ENOENT') return 'there is no such file; check the path';
  if (code === 'EMFILE') return 'it cannot be opened, because this process has too many files open (EMFILE); raise "ulimit -n"';
  return `it cannot be opened (${code}); check the path`;
}
