/** What became of a halt, as a person reads it. */

import { instrumentKey } from '../../domain/settings/in-force.ts';
import type { HaltOutcome } from '../../queries/halt-outcome.ts';
import { money } from './table.ts';

/** What was done, what waits and why; a line each. */
export function haltLines({ canceled, closed, waiting, refused, left }: HaltOutcome): string[] {
  const lines = canceled === 0 ? [] : [`${counted(canceled, 'open order')} cancelled`];
  lines.push(...closed.map((closing) => `closed ${heldText(closing)} at ${money(closing.price)}`));
  const ended = waiting.filter(({ isEnded }) => isEnded);
  for (const [market, count] of byMarket(ended)) {
    const them = count === 1 ? 'it' : 'them';
    lines.push(
      `${waits(count)}: ${market} has ended, so nothing will fill ${them}: flatten --at-last-price closes ${them} at the last price`,
    );
  }
  for (const [market, count] of byMarket(waiting.filter(({ isEnded }) => !isEnded))) {
    lines.push(`${waits(count)} for the next price of ${market}`);
  }
  lines.push(...refused.map((closing) => `${heldText(closing)} stays open: ${refusalText(closing)}`));
  lines.push(
    ...left.map(
      (position) =>
        `${heldText(position)} stays open: below the smallest order, not there to be sold, or for the next events to close`,
    ),
  );
  return (lines.length === 0 ? ['nothing was open and nothing was held'] : lines).map((line) => `  ${line}`);
}

function refusalText({ reason, value, venue, symbol }: HaltOutcome['refused'][number]): string {
  if (reason === 'feed-not-ended') {
    return `${venue} ${symbol} has not ended (${value}): flatten without --at-last-price closes it at the market`;
  }
  return value === null ? reason : `${reason} (${value})`;
}

function heldText({ quantity, venue, symbol, strategy, account }: HaltOutcome['left'][number]): string {
  return `${quantity} ${instrumentKey(venue, symbol)} of ${strategy} in ${account}`;
}

function waits(count: number): string {
  return `${counted(count, 'closing order')} ${count === 1 ? 'waits' : 'wait'}`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function byMarket(closings: HaltOutcome['waiting']): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { venue, symbol } of closings) {
    const market = `${venue} ${symbol}`;
    counts.set(market, (counts.get(market) ?? 0) + 1);
  }
  return counts;
}
