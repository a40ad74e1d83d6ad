/** Says what went wrong: a user's mistake in one sentence, a bug of ours with everything that helps to mend it. */

import { UserError } from '../domain/user-error.ts';
import { complain } from './terminal/print.ts';

/** Writes the error to standard error and returns the exit code: 2, the command could not do what it was asked. */
export function exitCodeOf(error: unknown): number {
  const message = messageOf(error);
  complain(message ?? `this is a bug, please report it\n${error instanceof Error ? error.stack : String(error)}`);
  return 2;
}

/** What to do about a file, or a standard output, that cannot be written. */
const DISK_ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'a disk is full: make room there, then do this again',
  EDQUOT: 'a disk quota is used up: make room there, then do this again',
  EIO: 'a disk or a terminal reports an error: look at it, then do this again',
};

function messageOf(error: unknown): string | undefined {
  if (error instanceof UserError) return error.message;
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const advice = DISK_ADVICE[code ?? ''];
  if (advice !== undefined) return `${advice} (${message})`;
  if (code === 'EADDRINUSE') return `port ${port} at ${address} is in use: stop what listens there, or set PORT to another one`;
  if (code === 'EACCES' && port !== undefined) return `port ${port} at ${address} may not be opened: set PORT to one above 1023`;
  if (code === 'EADDRNOTAVAIL') return `HOST "${address}" is no address of this machine`;
  return undefined;
}
