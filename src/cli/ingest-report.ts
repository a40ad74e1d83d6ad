/** Shows how the ingest goes, and what came of the whole run when every feed is on the tape. */

import { type Summary, summarize } from '../queries/run-summary.ts';
import { readSettings } from '../queries/settings-in-force.ts';
import { type UnusedChange, unusedChanges } from '../queries/unused-changes.ts';
import { warnings } from '../runtime/ingest/feed-run.ts';
import type { IngestListener } from '../runtime/ingest/ingest-part.ts';
import { untilAvailable } from '../waiting.ts';
import type { OpenStores } from './stores.ts';
import type { Screen } from './terminal/screen.ts';

export class IngestReport implements IngestListener {
  /** Resolves when every feed came to its end, is decided, and is in the read models that this process makes. */
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

  settling(progress: Parameters<IngestListener['settling']>[0]): void {
    this.#screen.settling(progress);
  }

  elsewhere(feed: string): void {
    this.#screen.say(`${feed}: another instance ingests it, this one stands by`, {});
  }

  finished(): void {
    this.#end();
  }

  /** Shows the summary, from the read models as they are; `address` is where the API is served. */
  async showSummary({ time, events, reads }: OpenStores, address: string, signal: AbortSignal): Promise<void> {
    const summary = async (): Promise<{ readonly summary: Summary; readonly unused: readonly UnusedChange[] }> => {
      const { settings } = await readSettings(events);
      return { summary: await summarize(reads, settings, this.#recordings), unused: await unusedChanges(events, settings) };
    };
    const shown = await untilAvailable(time, summary, signal, ({ message }) => this.#screen.warn(message));
    for (const change of shown.unused) this.#screen.warn(unusedText(change));
    this.#screen.summary(shown.summary, address);
  }
}

function unusedText({ strategy, isChange }: UnusedChange): string {
  const [what, settings] = isChange ? ['changed', 'the new parameters'] : ['added', 'it'];
  return `strategy ${strategy} was ${what} after everything on the tape had been decided: nothing was decided with ${settings}. To try it on the same recordings, name another folder with TAPEDECK_DATA`;
}
