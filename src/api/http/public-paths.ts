/** Paths that are served to anybody, and while load is shed. */

export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/startupz']);

export const METRICS_PATH = '/metrics';

/** Paths that tell no secret: what the cluster and Prometheus ask, and what the API is. */
export function isPublic(path: string): boolean {
  return (
    path === '/' ||
    HEALTH_PATHS.has(path) ||
    path === METRICS_PATH ||
    path === '/openapi.json' ||
    path === '/docs' ||
    path.startsWith('/docs/')
  );
}
