/** Shows how the ingest goes, and what came of the whole run when every feed is on the tape. */

import { type Summary, summarize } from '../queries/run-summary.ts';
import { readSettings } from '../queries/settings-in-force.ts';
import { warnings } from '../runtime/ingest/feed-run.ts';
import type { IngestListener } from '../runtime/ingest/ingest-part.ts';
import { untilAvailable } from '../waiting.ts';
import type { OpenStores } from './stores.ts';
import type { Screen } from './terminal/screen.ts';

export class IngestReport implements IngestListener {
  /** Resolves when every feed came to its end and is in the read models that this process makes. */
  readonly ended: Promise<void>;
  readonly #screen: Screen;
  readonly #end: () => void;
  readonly #recordings: Summary['recordings'][number][] = [];

  constructor(screen: Screen) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#screen = screen;
  }

  progress(...told: Parameters<IngestListener['progress']>): void {
    this.#screen.progress(...told);
  }

  done(feed: string, outcome: Parameters<IngestListener['done']>[1]): void {
    this.#recordings.push({ feed, evidence: outcome.evidence });
    this.#screen.done(feed, outcome);
    for (const warning of warnings(outcome)) this.#screen.warn(`${feed}: ${warning}`);
  }

  elsewhere(feed: string): void {
    this.#screen.say(`${feed}: another instance ingests it, this one stands by`, {});
  }

  finished(): void {
    this.#end();
  }

  /** Shows the summary, from the read models as they are; `address` is where the API is served. */
  async showSummary({ time, events, reads }: OpenStores, address: string, signal: AbortSignal): Promise<void> {
    const summary = async (): Promise<Summary> => {
      const { settings } = await readSettings(events);
      return summarize(reads, settings, this.#recordings);
    };
    const shown = await untilAvailable(time, summary, signal, ({ message }) => this.#screen.warn(message));
    this.#screen.summary(shown, address);
  }
}
