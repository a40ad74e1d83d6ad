/** One connection of a load generator: it reads no more of an answer than where it ends. */

import { connect, type Socket } from 'node:net';

const HEADERS_END = '\r\n\r\n';
const LENGTH = 'ontent-length: ';

export interface Connection {
  readonly socket: Socket;
  /** Called for each answer, which come in the order asked. */
  onAnswer: () => void;
}

/** Opens one that stays open. An answer with another status than `status` ends the process. */
export function openConnection(url: URL, status: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => resolve(connection));
    const connection: Connection = { socket, onAnswer: () => {} };
    socket.setNoDelay(true);
    socket.once('error', reject);
    let head: Buffer | undefined;
    let bodyLeft = 0;
    socket.on('data', (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        if (bodyLeft === 0) {
          const from = head === undefined ? chunk.subarray(at) : Buffer.concat([head, chunk.subarray(at)]);
          const end = from.indexOf(HEADERS_END);
          if (end < 0) {
            head = from;
            return;
          }
          at += end + HEADERS_END.length - (head?.length ?? 0);
          head = undefined;
          bodyLeft = bodyLength(from.toString('latin1', 0, end), status);
        }
        const taken = Math.min(bodyLeft, chunk.length - at);
        at += taken;
        bodyLeft -= taken;
        if (bodyLeft === 0) connection.onAnswer();
      }
    });
  });
}

/** Of an answer with these headers. It has to be less work to ask than to answer. */
function bodyLength(head: string, status: number): number {
  const at = head.indexOf(LENGTH);
  if (!head.startsWith(`HTTP/1.1 ${status} `) || at < 0) throw new Error(`answered with ${head.slice(0, 500)}`);
  return Number.parseInt(head.slice(at + LENGTH.length, at + LENGTH.length + 12), 10);
}
