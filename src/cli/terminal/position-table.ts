/** What is held, for people: the same table wherever it is shown. */

import type { ValuedPosition } from '../../queries/valued-accounts.ts';
import { moneyOrDash, PLAIN_LOOK, type TableLook, tableOr } from './table.ts';

/** One line a position that is not flat, with its mark. */
export function heldLines(positions: readonly ValuedPosition[], look: TableLook = PLAIN_LOOK): string[] {
  const rows = positions
    .filter(({ quantity }) => quantity !== '0')
    .map(({ quantity, symbol, account, strategy, averageEntryPrice, price }) => [
      `${quantity} ${symbol}`,
      account,
      strategy,
      moneyOrDash(averageEntryPrice),
      moneyOrDash(price),
    ]);
  return tableOr('no positions', ['position', 'account', 'strategy', 'entry', 'price'], rows, look);
}
