import type { ClientEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { maintenanceRecord } from './public-hub.ts';
import { type Message, Session } from './session.ts';

const TOPIC = 'system.status';
const ALIVE_MS = 600_000;

/** One connection to `/v5/public/misc/status`: it tells of maintenance before it begins. */
export class StatusSession extends Session {
  readonly isPrivate = false;
  #isSubscribed = false;

  constructor(exchange: Exchange, client: ClientEnd, id: string) {
    super(exchange, client, id, ALIVE_MS);
  }

  override announceShutdown(): void {
    if (!this.#isSubscribed) return;
    const now = this.exchange.now();
    this.push(TOPIC, JSON.stringify({ topic: TOPIC, ts: now, data: [maintenanceRecord('ongoing', now, now)] }));
  }

  protected handle(message: Message): void {
    const { op, args } = message;
    if (op === 'ping') {
      this.answer({ success: true, ret_msg: 'pong', conn_id: this.connectionId, req_id: message.req_id ?? '', op });
    } else if (op === 'subscribe' && args.length === 1 && args[0] === TOPIC) {
      this.#isSubscribed = true;
      this.acknowledge(message);
    } else {
      this.acknowledge(message, `Invalid topic: ${String(args[0])}`);
    }
  }
}
