import type { ApiKey } from '../../../accounts/api-key.ts';
import type { ClientEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { BybitError } from '../requests/errors.ts';
import type { Performer } from '../requests/performer.ts';
import { socketPayload } from '../requests/signature.ts';
import { type Message, Session } from './session.ts';
import type { UserHub, UserMessage } from './user-hub.ts';

const CATEGORISED = ['order', 'execution', 'execution.fast', 'position'];
const CATEGORIES = ['spot', 'linear', 'inverse', 'option'];
const TOPICS = new Set([
  'wallet',
  'dcp',
  'greeks',
  ...CATEGORISED,
  ...CATEGORISED.flatMap((topic) => CATEGORIES.map((category) => `${topic}.${category}`)),
]);

/** One private connection: orders, executions and the wallet of the key that it authenticates with. Nothing comes at first. */
export class PrivateSession extends Session {
  readonly isPrivate = true;
  readonly #performer: Performer;
  readonly #users: UserHub;
  readonly #topics = new Set<string>();
  readonly #deaf = new Set<string>();
  readonly #stopRevocations: () => void;
  #key: ApiKey | undefined;
  #stop = (): void => {};

  constructor(
    exchange: Exchange,
    hubs: { readonly performer: Performer; readonly users: UserHub },
    client: ClientEnd,
    connection: { readonly id: string; readonly aliveMs: number },
  ) {
    super(exchange, client, connection.id, connection.aliveMs);
    this.#performer = hubs.performer;
    this.#users = hubs.users;
    // A key that is gone ends its connections; the next logon is refused.
    this.#stopRevocations = exchange.onKeyRevoked((key) => {
      if (key === this.#key) this.cut();
    });
  }

  override closed(): void {
    super.closed();
    this.#stop();
    this.#stopRevocations();
  }

  protected handle(message: Message): void {
    const { op, req_id } = message;
    if (op === 'ping') {
      const id = req_id === undefined ? {} : { req_id };
      this.answer({ ...id, op: 'pong', args: [String(this.exchange.now())], conn_id: this.connectionId });
    } else if (op === 'auth') {
      this.#authenticate(message);
    } else if (op === 'subscribe') {
      this.#subscribe(message, message.args.map(String));
    } else if (op === 'unsubscribe') {
      for (const topic of message.args.map(String)) this.#topics.delete(topic);
      this.acknowledge(message);
    } else {
      this.acknowledge(message, 'error:invalid op');
    }
  }

  #authenticate(message: Message): void {
    try {
      const key = authenticate(this.exchange, this.#performer, message);
      this.#stop();
      this.#key = key;
      this.#stop = this.#users.observe(key.account, (told) => this.#tell(told));
      this.acknowledge(message);
    } catch (error) {
      if (!(error instanceof BybitError)) throw error;
      this.acknowledge(message, error.message);
    }
  }

  #subscribe(message: Message, topics: readonly string[]): void {
    const failure = this.#objectionTo(topics);
    this.acknowledge(message, failure);
    if (failure !== undefined) return;
    const isDeaf = this.exchange.faults.takeDeafSubscription();
    for (const topic of topics) {
      this.#topics.add(topic);
      if (isDeaf) this.#deaf.add(topic);
      else this.#deaf.delete(topic);
    }
  }

  #objectionTo(topics: readonly string[]): string | undefined {
    if (this.#key === undefined) return 'Request not authorized';
    const unknown = topics.find((topic) => !TOPICS.has(topic));
    if (unknown !== undefined) return `Invalid topic: ${unknown}`;
    const mixed = CATEGORISED.find(
      (topic) => topics.includes(topic) && CATEGORIES.some((category) => topics.includes(`${topic}.${category}`)),
    );
    return mixed === undefined ? undefined : `All-in-one and categorised topics of ${mixed} in one request`;
  }

  #tell({ topic, category, id, creationTime, data }: UserMessage): void {
    const names = category === undefined ? [topic] : [topic, `${topic}.${category}`];
    for (const name of names) {
      if (!this.#topics.has(name) || this.#deaf.has(name)) continue;
      this.push(name, JSON.stringify({ id, topic: name, creationTime, data }));
    }
  }
}

/** The key that an `auth` message is signed by: `[key, expires in ms, signature]`. Throws a `BybitError`. */
export function authenticate(exchange: Exchange, performer: Performer, { args }: Message): ApiKey {
  const [apiKey = '', expires = '', signature = ''] = args.map(String);
  if (!(Number(expires) > exchange.now())) throw new BybitError(10004, 'Params Error: expires is in the past');
  return performer.authenticate(apiKey, socketPayload(expires), signature);
}
