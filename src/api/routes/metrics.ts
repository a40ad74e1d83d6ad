/** `GET /metrics`, for Prometheus. It needs no key: no secret is in it. */

import { z } from 'zod';
import { METRICS_CONTENT_TYPE, metricsText, SCRAPE_FAMILIES } from '../../metrics.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { METRICS_PATH } from '../http/public-paths.ts';
import { routeSchema } from './route-schema.ts';

/** The part of the dependencies that figures go to and come from. */
type Figures = Pick<ApiDependencies, 'metrics' | 'otherMetrics'>;

export function metricsRoute(server: ApiServer, figures: Figures): void {
  const about = routeSchema(
    {
      id: 'getMetrics',
      summary: 'Metrics for Prometheus',
      answers: { 200: { description: 'The text format of Prometheus.', schema: z.string(), contentType: 'text/plain' } },
    },
    {},
  );
  // Whoever asks while figures are looked up gets the same: this thread and the main one have other things to do.
  let scraping: Promise<Buffer> | undefined;
  server.get(METRICS_PATH, about, async (_request, reply) => {
    reply.header('Cache-Control', 'no-store').type(METRICS_CONTENT_TYPE);
    scraping ??= scrape(figures).finally(() => {
      scraping = undefined;
    });
    return scraping;
  });
}

async function scrape(figures: Figures): Promise<Buffer> {
  return Buffer.from(await metricsText([...(await others(figures)), await figures.metrics.snapshot()]));
}

/** A thread that does not answer is when the figures of this one are needed. */
async function others({ metrics, otherMetrics }: Figures) {
  try {
    return (await otherMetrics?.()) ?? [];
  } catch {
    metrics.of(SCRAPE_FAMILIES).collectFailures.inc({ source: 'main thread' });
    return [];
  }
}
