/** What a venue's raw frames are, and who reads them. */

import type { MarketMessage, SnapshotSource } from '../../domain/feed/messages.ts';
import type { InstrumentSettings } from '../../domain/settings/settings.ts';

export interface VenueFrames {
  /** The venue's name in the settings. */
  readonly venue: string;
  readonly snapshots: SnapshotSource;
  /** A reader of one session of one instrument. */
  open(instrument: InstrumentSettings): FrameReader;
}

export interface FrameReader {
  /**
   * The frame in a line from `start` to `end`, where the reader has a quicker way than to parse it; undefined where the
   * line has to be parsed.
   */
  scan(bytes: Uint8Array, start: number, end: number): MarketMessage | undefined;
  /** The messages of one line; of a frame with several trades they are several. Throws RefusedFrameError. */
  parse(line: string): readonly MarketMessage[];
}
