import { formatAmount } from '../../../core/amount.ts';
import { marketOf } from '../../binance/requests/market-answers.ts';
import { decimal } from '../formats.ts';
import type { Routes, SignedCall } from './call.ts';
import { RATE_LIMITS } from './limits.ts';

/** The account: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints */
export const ACCOUNT_ROUTES: Routes = {
  'GET /api/v3/account': { weight: 20, security: 'read', operation: 'account', answer: account },
  'GET /api/v3/account/commission': { weight: 20, security: 'read', operation: 'account', answer: commission },
  'GET /api/v3/rateLimit/order': { weight: 40, security: 'read', operation: 'account', answer: orderLimits },
  'GET /sapi/v1/account/apiRestrictions': { weight: 1, security: 'read', operation: 'account', answer: restrictions },
};

function account({ parameters, key }: SignedCall): Record<string, unknown> {
  const { fees, balances, updatedAt, id } = key.account;
  const [maker, taker] = [fees.maker, fees.taker];
  const hidesEmpty = parameters.isTrue('omitZeroBalances');
  const none = formatAmount(0n, 8);
  return {
    // In hundredths of a percent.
    makerCommission: Number(formatAmount(maker * 10_000n, 0)),
    takerCommission: Number(formatAmount(taker * 10_000n, 0)),
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: { maker: decimal(maker), taker: decimal(taker), buyer: none, seller: none },
    canTrade: key.permissions.has('trade'),
    canWithdraw: true,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: updatedAt,
    accountType: 'SPOT',
    balances: [...balances]
      .filter(([, { free, locked }]) => !hidesEmpty || free + locked > 0n)
      .map(([asset, { free, locked }]) => ({ asset, free: decimal(free), locked: decimal(locked) })),
    permissions: ['SPOT'],
    uid: id,
  };
}

function commission(call: SignedCall): Record<string, unknown> {
  const { fees } = call.key.account;
  const none = formatAmount(0n, 8);
  const rates = { maker: none, taker: none, buyer: none, seller: none };
  return {
    symbol: marketOf(call.exchange, call.parameters.required('symbol')).instrument.symbol,
    standardCommission: { ...rates, maker: decimal(fees.maker), taker: decimal(fees.taker) },
    specialCommission: rates,
    taxCommission: rates,
    discount: { enabledForAccount: false, enabledForSymbol: false, discountAsset: 'BNB', discount: none },
  };
}

function orderLimits({ exchange, limits, key }: SignedCall): Record<string, unknown>[] {
  const { tenSeconds, day } = limits.orderCounts(key.account, exchange.now());
  return RATE_LIMITS.filter(({ rateLimitType }) => rateLimitType === 'ORDERS').map((limit) => ({
    ...limit,
    count: limit.interval === 'DAY' ? day : tenSeconds,
  }));
}

/** What the key may do: the account's own `canWithdraw` says nothing of keys. */
function restrictions({ key }: SignedCall): Record<string, unknown> {
  return {
    ipRestrict: false,
    createTime: 0,
    enableReading: key.permissions.has('read'),
    enableSpotAndMarginTrading: key.permissions.has('trade'),
    enableWithdrawals: key.permissions.has('withdraw'),
    enableInternalTransfer: false,
    permitsUniversalTransfer: false,
    enableMargin: false,
    enableFutures: false,
    enableVanillaOptions: false,
  };
}
