import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ClientEnd, type HttpRequest, NoAnswer, type Venue } from './core/venue.ts';

/** Most bytes of a request's body: more than any order needs. */
const MOST_BODY = 1_000_000;

/** A venue behind real sockets. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers requests of a path of its own, before the venue sees them; undefined for those that are the venue's. */
export type Control = (request: HttpRequest) => { readonly status: number; readonly body: string } | undefined;

/** Serves a venue on a loopback port, 0 for any. `control` is for tests: it steers the exchange over HTTP. */
export async function listen(venue: Venue, port: number, control?: Control): Promise<Listening> {
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    void answer(venue, control, request, response);
  });
  server.on('upgrade', (request, socket, head) => upgrade(venue, sockets, request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  venue: Venue,
  control: Control | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const request = await requestOf(incoming);
    const controlled = control?.(request);
    if (controlled !== undefined) {
      response.writeHead(controlled.status, { 'content-type': 'application/json' }).end(controlled.body);
      return;
    }
    const { status, headers, body } = await venue.request(request);
    response.writeHead(status, headers).end(body);
  } catch (error) {
    incoming.socket.destroy();
    if (!(error instanceof NoAnswer)) throw error;
  }
}

async function requestOf(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > MOST_BODY) throw new NoAnswer();
    chunks.push(chunk as Buffer);
  }
  const [path = '', query = ''] = splitAt(incoming.url ?? '', '?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
  const body = Buffer.concat(chunks).toString('utf8');
  return { method: incoming.method ?? 'GET', path, query, headers, body, address: incoming.socket.remoteAddress ?? '' };
}

function upgrade(venue: Venue, sockets: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const [target, address] = [request.url ?? '', request.socket.remoteAddress ?? ''];
  if (!venue.mayConnect(target, address)) {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    const end = venue.connect(target, clientEnd(webSocket, address));
    webSocket.on('message', (data) => end.receive(String(data)));
    webSocket.on('ping', () => end.pinged());
    webSocket.on('pong', (data) => end.ponged(data.toString('utf8')));
    webSocket.on('close', () => end.closed());
    // A broken frame: the close that follows is all that the venue needs to know.
    webSocket.on('error', () => {});
  });
}

function clientEnd(webSocket: WebSocket, address: string): ClientEnd {
  return {
    address,
    send: (text) => webSocket.send(text),
    ping: (payload) => webSocket.ping(payload),
    close: (code, reason) => webSocket.close(code, reason),
    cut: () => webSocket.terminate(),
  };
}

function splitAt(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
