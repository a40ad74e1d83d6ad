import type { SessionRules } from '../../binance/connections/stream-session.ts';

/** https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams */
export const SESSION_RULES: SessionRules = {
  pingEveryMs: 20_000,
  mostWithoutPongMs: 60_000,
  mostMessages: 5,
  saysShutdown: true,
};
