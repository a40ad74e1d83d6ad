/** Reads small files that somebody else wrote, up to a size: there are files, and devices, that have no end. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** A file without a text; the message goes on after the file's name. */
export class UnreadableFileError extends Error {}

/** Longest file of certificates, or of the key of one: those of all authorities of the world take a quarter. */
export const MAX_PEM_BYTES = 1_048_576;

/** To open for reading at once: a pipe that nobody writes to would hold up the open for ever. */
export const OPEN_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** The text of the file, in UTF-8. Throws UnreadableFileError. */
export function readTextFile(path: string, mostBytes: number): string {
  return readSmallFile(path, mostBytes).toString('utf8');
}

/** What the file holds. Throws UnreadableFileError: for a pipe or a device too, which may never give anything, or never end. */
export function readSmallFile(path: string, mostBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(mostBytes + 1);
  let length = 0;
  try {
    const fd = openSync(path, OPEN_AT_ONCE);
    try {
      if (!fstatSync(fd).isFile()) throw new UnreadableFileError('is not a plain file: name one that holds the text itself');
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(fd, bytes, length, bytes.length - length, null);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof UnreadableFileError) throw error;
    throw new UnreadableFileError(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (length > mostBytes) throw new UnreadableFileError(`is longer than ${mostBytes} bytes`);
  return bytes.subarray(0, length);
}
