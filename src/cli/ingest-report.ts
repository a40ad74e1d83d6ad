/** Shows how the ingest goes, and what came of the whole run when every feed is on the tape. */

import { type Summary, summarize } from '../queries/run-summary.ts';
import { readSettings } from '../queries/settings-in-force.ts';
import { warnings } from '../runtime/ingest/feed-run.ts';
import type { IngestListener } from '../runtime/ingest/ingest-part.ts';
import { waitForReadModels } from '../runtime/projections/followed.ts';
import { untilAvailable } from '../waiting.ts';
import type { OpenStores } from './stores.ts';
import type { Screen } from './terminal/screen.ts';

/** How long the summary waits for the read models. */
const SUMMARY_WAIT_MS = 60_000;

export class IngestReport implements IngestListener {
  /** Resolves when every feed came to its end. */
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
    for (const trouble of warnings(outcome)) this.#screen.warn(`${feed}: ${trouble}`);
  }

  elsewhere(feed: string): void {
    this.#screen.say(`${feed}: another instance ingests it, this one stands by`, {});
  }

  finished(): void {
    this.#end();
  }

  /** Shows the summary once the read models have everything that is on the tape now; `address` is where the API is served. */
  async showSummary({ time, events, reads, leases }: OpenStores, address: string, signal: AbortSignal): Promise<void> {
    const summary = async (): Promise<Summary> => {
      const { settings } = await readSettings(events);
      await waitForReadModels(events, reads, { time, isAcross: leases !== null }, await events.head(), SUMMARY_WAIT_MS);
      return summarize(reads, settings, this.#recordings);
    };
    const shown = await untilAvailable(time, summary, signal, ({ message }) => this.#screen.warn(message));
    this.#screen.summary(shown, address);
  }
}
