/** The cluster's probes: whether the process lives, can serve reads, and has started. They need no key. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { awaitedIn } from '../../runtime/process/system-report.ts';
import type { Health } from '../dependencies.ts';
import { problemDocument, sendProblem, type Violation } from '../http/problem.ts';
import type { GroupTag } from './route-group.ts';
import { routeSchema } from './route-schema.ts';

/** The group of the probes and of `/metrics`. */
export const HEALTH: GroupTag = { name: 'health', description: 'Probes and metrics' };

const ROUTES = [
  {
    path: '/livez',
    check: 'live',
    id: 'getLive',
    summary: 'Liveness: does the process make progress?',
    detail: 'The process does not make progress.',
  },
  {
    path: '/readyz',
    check: 'ready',
    id: 'getReady',
    summary: 'Readiness: can reads be served?',
    detail: 'Reads cannot be served yet.',
  },
  {
    path: '/startupz',
    check: 'started',
    id: 'getStarted',
    summary: 'Startup: has the process started?',
    detail: 'The process is starting.',
  },
] as const;

const healthy = z.strictObject({
  status: z.literal('ok'),
  leases: z
    .array(
      z.strictObject({
        name: z.string(),
        holder: z.string().nullable().describe('The process that holds the lease, as host:pid; null: nobody.'),
        here: z.boolean().describe('Whether it is this process.'),
      }),
    )
    .optional()
    .describe('The leases and their holders, where several instances may run.'),
  awaited: z
    .array(z.strictObject({ part: z.string(), reason: z.string() }))
    .optional()
    .describe('Parts that wait for a backend that is away.'),
});

const answers = { 200: { description: 'Yes.', schema: healthy } };

/** `GET /livez`, `/readyz`, `/startupz`: 200, or 503 with what is not well; both say what is waited for. */
export function healthRoutes(server: FastifyInstance, health: Health): void {
  for (const { path, check, detail, id, summary } of ROUTES) {
    server.get(path, routeSchema({ id, summary, answers }, {}), async (_request, reply) => {
      reply.header('Cache-Control', 'no-store');
      const failing = health[check]();
      const report = health.report();
      const awaited = report === null ? [] : awaitedIn(report);
      if (failing.length > 0) {
        const waiting = awaited.map(({ part, reason }) => ({ path: part, message: reason }));
        return sendProblem(reply, problemDocument(503, `not-${check}`, detail, [...failing, ...waiting]));
      }
      const leases = report?.leases ?? [];
      return {
        status: 'ok',
        ...(leases.length === 0 ? {} : { leases }),
        ...(awaited.length === 0 ? {} : { awaited }),
      };
    });
  }
}

/** The progress of a projection, as readiness needs it. */
export interface ReadinessSource {
  progress(): { readonly projection: string; readonly caughtUp: boolean; readonly lagMs: number | null };
}

/** The projections that are behind by more than `maxLagMs`, or have not delivered anything yet. */
export function behind(projections: Iterable<ReadinessSource>, maxLagMs: number): Violation[] {
  const violations: Violation[] = [];
  for (const source of projections) {
    const { projection, caughtUp, lagMs } = source.progress();
    if (caughtUp || (lagMs !== null && lagMs <= maxLagMs)) continue;
    const lag = lagMs === null ? 'has not read the tape yet' : `is ${lagMs} ms behind the tape (at most ${maxLagMs} ms)`;
    violations.push({ path: projection, message: lag });
  }
  return violations;
}
