/** What a venue is to the network: it answers requests and serves connections, and knows no socket. */

/** One HTTP request as it arrived. Names of headers are lower-case. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** What stands after `?`, as sent. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The address that limits count by. */
  readonly address: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The client's end of a connection, as the venue sees it. */
export interface ClientEnd {
  readonly address: string;
  send(text: string): void;
  ping(payload: string): void;
  /** Ends the connection with a closing handshake. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a word. */
  cut(): void;
}

/** The venue's end of a connection: what the network tells it. */
export interface ServerEnd {
  receive(text: string): void;
  /** A ping of the client; the network answers it. */
  pinged(): void;
  ponged(payload: string): void;
  closed(): void;
}

export interface Venue {
  /** Rejects with `NoAnswer` where the connection is to be cut instead of answered. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Whether a connection to `target` (path and query) is accepted now. Each call counts as an attempt of its address. */
  mayConnect(target: string, address: string): boolean;
  connect(target: string, client: ClientEnd): ServerEnd;
}

/** The request was received, and perhaps carried out, and its answer is never sent. */
export class NoAnswer extends Error {}
