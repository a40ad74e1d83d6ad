import { type Endpoint, endpointOf, type SessionRules } from '../../binance/connections/stream-session.ts';

/** https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams */
export const SESSION_RULES: SessionRules = {
  pingEveryMs: 3 * 60_000,
  mostWithoutPongMs: 10 * 60_000,
  mostMessages: 10,
  // The documents of futures know no such event.
  saysShutdown: false,
};

/** Since April 2026 the streams of the book and the trades are on one path, and the others on another. */
const ON_PUBLIC = /@(depth|bookTicker|trade)/;

/**
 * `/public/ws`, `/market/stream` and so on; undefined for paths that there never were. `/private` has users' streams
 * alone, and the retired `/ws` and `/stream` serve nothing: all of them accept, and stay silent.
 */
export function usdmEndpoint(target: string): Endpoint | undefined {
  const [, route, rest = ''] = /^(?:\/(public|market|private))?(\/(?:ws|stream).*)$/.exec(target) ?? [];
  return endpointOf(rest, (stream) => route === (ON_PUBLIC.test(stream) ? 'public' : 'market'));
}
