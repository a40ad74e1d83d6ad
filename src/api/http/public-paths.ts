/** Paths that are served to anybody, and while load is shed. */

export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/startupz']);

export const METRICS_PATH = '/metrics';
