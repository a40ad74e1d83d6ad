/** Reads small files that somebody else wrote, up to a size: there are files, and devices, that have no end. */

import { closeSync, openSync, readSync } from 'node:fs';

/** A file without a text; the message goes on after the file's name. */
export class UnreadableFileError extends Error {}

/** The text of the file, in UTF-8. Throws UnreadableFileError. */
export function readTextFile(path: string, mostBytes: number): string {
  const bytes = Buffer.allocUnsafe(mostBytes + 1);
  let length = 0;
  try {
    const fd = openSync(path, 'r');
    try {
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(fd, bytes, length, bytes.length - length, null);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new UnreadableFileError(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (length > mostBytes) throw new UnreadableFileError(`is longer than ${mostBytes} bytes`);
  return bytes.toString('utf8', 0, length);
}
