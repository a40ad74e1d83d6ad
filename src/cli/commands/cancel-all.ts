/** `tapedeck cancel-all`: asks to cancel every open order; recorded on the tape, and so without HTTP. */

import type { Command } from 'commander';
import type { ListedOrder } from '../../projections/orders.ts';
import { currentOpenOrders } from '../../queries/current-orders.ts';
import { type RecordedRequest, requestCancel } from '../../requests/requests.ts';
import { comparePositions } from '../../tape/envelope.ts';
import { answerText, engineAnswered, requestContextOf } from '../engine-answer.ts';
import { type ScopeOptions, scoped, scopeOf } from '../scope.ts';
import { type OpenStores, withTape } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer } from '../terminal/output.ts';

/** Requests that are under way at once, so that the store commits many of them together. */
const AT_ONCE = 100;

interface Asked extends RecordedRequest {
  readonly order: string;
  /** Whose position the order was to close for a halt; null for another order. */
  readonly closes: string | null;
}

export function cancelAllCommand(command: Command): void {
  scoped(command).action((options: ScopeOptions) => withTape((stores) => cancelAll(stores, options)));
  withExamples(command, [
    'tapedeck cancel-all --account paper-binance --reason "stale quotes"',
    'tapedeck cancel-all --strategy manual --reason "no longer wanted"',
  ]);
}

async function cancelAll(stores: OpenStores, options: ScopeOptions): Promise<void> {
  const scope = await scopeOf(stores.events, options);
  const open = await currentOpenOrders(stores.events, stores.reads, scope);
  const asked: Asked[] = [];
  for (let from = 0; from < open.length; from += AT_ONCE) {
    const some = open.slice(from, from + AT_ONCE);
    asked.push(...(await Promise.all(some.map((order) => cancel(stores, order, options.reason)))));
  }
  const last = asked.toSorted((a, b) => comparePositions(a.position, b.position)).at(-1);
  const isDecided = last === undefined ? null : await engineAnswered(stores, last.requestId, last.position);
  const cancels = asked.map(({ order, requestId, position, closes }) => ({ order, request: requestId, position, closes }));
  answer(options, { cancels, decided: isDecided }, () => {
    if (isDecided === null) return ['no open orders'];
    const count = asked.length === 1 ? 'one order' : `${asked.length} orders`;
    return [
      `cancel of ${count} ${answerText(isDecided)}`,
      ...cancels.map(({ order, request }) => `  ${order} (request ${request})`),
      ...new Set(cancels.flatMap(({ closes }) => (closes === null ? [] : [closingText(closes)]))),
    ];
  });
}

/** A cancel does not lift the halt that wanted the position closed. */
function closingText(strategy: string): string {
  return `  an order that was to close a position of ${strategy} is among them: the position stays open, and ${strategy} stays halted (after flatten: reduce-only) until it is resumed`;
}

async function cancel(stores: OpenStores, { id, account, strategy, origin }: ListedOrder, reason: string): Promise<Asked> {
  const recorded = await requestCancel(requestContextOf(stores), { orderId: id, account, reason }, stores.time.uuid());
  return { ...recorded, order: id, closes: origin?.kind === 'halt' ? strategy : null };
}
