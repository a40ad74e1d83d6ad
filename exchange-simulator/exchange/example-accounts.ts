import type { Account, FeeRates } from '../accounts/account.ts';
import type { Amount } from '../core/amount.ts';
import type { Exchange } from './exchange.ts';

/**
 * Two accounts with HMAC keys, the secret of each being `simulator-secret`. Of the first, which is returned:
 * `simulator-key`, `simulator-withdraw` (may withdraw), `simulator-read`. Of the second: `simulator-other`. `passphrase`:
 * of all keys, where the venue asks for one.
 */
export function addExampleAccounts(
  exchange: Exchange,
  fees: FeeRates,
  balances: Readonly<Record<string, Amount>>,
  passphrase?: string,
): Account {
  const [account, other] = [exchange.addAccount(fees, balances), exchange.addAccount(fees, balances)];
  const trading = new Set(['read', 'trade'] as const);
  const hmac = { kind: 'hmac', secret: 'simulator-secret', ...(passphrase === undefined ? {} : { passphrase }) } as const;
  exchange.addKey({ id: 'simulator-key', account, permissions: trading, ...hmac });
  exchange.addKey({ id: 'simulator-withdraw', account, permissions: new Set(['read', 'trade', 'withdraw']), ...hmac });
  exchange.addKey({ id: 'simulator-read', account, permissions: new Set(['read']), ...hmac });
  exchange.addKey({ id: 'simulator-other', account: other, permissions: trading, ...hmac });
  return account;
}
