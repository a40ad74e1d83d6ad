/**
 * Ends the process, without a word, when the reader of its output has read enough, as in `tapedeck events | head -1`.
 * Commands write only what they know, so nothing is left undone. The log of `run` has a stream of its own.
 */
export function endWhenReaderIsGone(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
