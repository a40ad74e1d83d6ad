import { exitCodeOf } from '../exit-code.ts';

/**
 * Ends the process, without a word, when the reader of its output has read enough, as in `tapedeck events | head -1`; and
 * with a sentence when the output cannot be written. Commands write only what they know, so nothing is left undone. The
 * log of `run` has an output of its own.
 */
export function endWhenReaderIsGone(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : exitCodeOf(error));
  });
}

/** What cannot be said of a failure must not become one. */
export function ignoreFailures(complaints: NodeJS.WriteStream): void {
  complaints.on('error', () => undefined);
}
