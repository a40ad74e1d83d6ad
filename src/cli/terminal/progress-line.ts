/** A line that moves while something long is done, on a terminal; nothing anywhere else. */

import type { Time } from '../../ports/clock.ts';
import { type OutputOptions, wantsJson } from './output.ts';
import { shownLine } from './print.ts';

export interface ProgressLine {
  show(text: string): void;
  /** Leaves nothing of it behind. */
  end(): void;
}

const LEAST_MS_BETWEEN = 100;

export function progressLine(time: Time, options: OutputOptions): ProgressLine {
  const terminal = process.stderr;
  if (wantsJson(options) || !terminal.isTTY) return { show: () => {}, end: () => {} };
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    show: (text) => {
      if (time.monotonic() - shownAt < LEAST_MS_BETWEEN) return;
      shownAt = time.monotonic();
      terminal.write(`\r\x1b[K${`  ${shownLine(text)}`.slice(0, (terminal.columns || 80) - 1)}`);
    },
    end: () => terminal.write('\r\x1b[K'),
  };
}
