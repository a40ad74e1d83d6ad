import type { ClientEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Category } from '../listing.ts';
import type { PublicHub, Subscriber } from './public-hub.ts';
import { type Message, Session } from './session.ts';

const ALIVE_MS = 600_000;
/** Topics that one request for spot may have, and characters that the topics of one connection may have. */
const MOST_TOPICS = 10;
const MOST_CHARACTERS = 21_000;

/** One connection to market data of a category: `/v5/public/spot`, `/v5/public/linear`. */
export class PublicSession extends Session {
  readonly isPrivate = false;
  readonly #hub: PublicHub;
  readonly #category: Category;
  readonly #topics = new Set<string>();
  readonly #subscriber: Subscriber = (topic, text) => this.push(topic, text);

  constructor(exchange: Exchange, hub: PublicHub, client: ClientEnd, id: string, category: Category) {
    super(exchange, client, id, ALIVE_MS);
    this.#hub = hub;
    this.#category = category;
  }

  override closed(): void {
    super.closed();
    for (const topic of this.#topics) this.#hub.unsubscribe(this.#category, topic, this.#subscriber);
  }

  protected handle(message: Message): void {
    const { op, req_id } = message;
    const topics = message.args.map(String);
    if (op === 'ping') {
      // The two categories differ here.
      const id = this.#category === 'spot' && req_id === undefined ? {} : { req_id: req_id ?? '' };
      this.answer({ success: true, ret_msg: 'pong', conn_id: this.connectionId, ...id, op });
    } else if (op === 'subscribe') {
      this.#subscribe(message, topics);
    } else if (op === 'unsubscribe') {
      for (const topic of topics) this.#unsubscribe(topic);
      this.acknowledge(message);
    } else {
      this.acknowledge(message, 'error:invalid op');
    }
  }

  /** One topic that is wrong fails the whole request. */
  #subscribe(message: Message, topics: readonly string[]): void {
    const failure = this.#objectionTo(topics);
    if (failure !== undefined) {
      this.acknowledge(message, failure);
      return;
    }
    const ok = this.#category === 'spot' ? 'subscribe' : '';
    const id = message.req_id === undefined ? {} : { req_id: message.req_id };
    this.answer({ success: true, ret_msg: ok, conn_id: this.connectionId, ...id, op: message.op });
    const isDeaf = this.exchange.faults.takeDeafSubscription();
    for (const topic of topics) {
      this.#topics.add(topic);
      if (!isDeaf) this.#hub.subscribe(this.#category, topic, this.#subscriber);
    }
  }

  #objectionTo(topics: readonly string[]): string | undefined {
    if (topics.length === 0) return 'error:request args is empty';
    if (this.#category === 'spot' && topics.length > MOST_TOPICS) return 'args size >10';
    const characters = JSON.stringify([...this.#topics, ...topics]).length;
    if (characters > MOST_CHARACTERS) return 'args length over 21000';
    const unknown = topics.find((topic) => !this.#hub.has(this.#category, topic));
    if (unknown !== undefined) return `Invalid topic: ${unknown}`;
    const known = topics.find((topic) => this.#topics.has(topic));
    return known === undefined ? undefined : `error:already subscribed,topic:${known}`;
  }

  #unsubscribe(topic: string): void {
    this.#topics.delete(topic);
    this.#hub.unsubscribe(this.#category, topic, this.#subscriber);
  }
}
