import type { Exchange } from './exchange/exchange.ts';
import { bookState, exchangeState } from './exchange/state.ts';
import type { Fault } from './faults/fault.ts';
import type { Control } from './server.ts';

/**
 * Steers an exchange over HTTP, for tests alone: `POST /simulator/faults` (a fault as JSON), `DELETE /simulator/faults`,
 * `GET /simulator/state`, `GET /simulator/book?symbol=&id=`.
 */
export function controlOf(exchange: Exchange): Control {
  return ({ method, path, query, body }) => {
    if (!path.startsWith('/simulator/')) return undefined;
    const answer = (value: unknown): { status: number; body: string } => ({ status: 200, body: JSON.stringify(value) });
    if (path === '/simulator/faults' && method === 'POST') {
      exchange.faults.inject(JSON.parse(body) as Fault);
      return answer({ injected: exchange.faults.injected.length });
    }
    if (path === '/simulator/faults' && method === 'DELETE') {
      exchange.faults.clear();
      return answer({ injected: exchange.faults.injected.length });
    }
    if (path === '/simulator/state') return answer(exchangeState(exchange));
    if (path === '/simulator/book') {
      const asked = new URLSearchParams(query);
      const market = exchange.markets.get(asked.get('symbol') ?? '');
      const id = asked.get('id');
      const book = id === null ? market?.book : market?.bookAt(Number(id));
      if (book === undefined) return { status: 404, body: JSON.stringify({ message: 'No such book' }) };
      return answer(bookState(book));
    }
    return { status: 404, body: JSON.stringify({ message: 'No such control' }) };
  };
}
