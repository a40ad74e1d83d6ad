import { plain, uuid } from '../formats.ts';
import { marketsOf } from '../listing.ts';
import { walletRecord } from '../records.ts';
import type { Routes, SignedCall } from './call.ts';
import { badParameter } from './errors.ts';

/** The account: https://bybit-exchange.github.io/docs/v5/account/wallet-balance */
export const ACCOUNT_ROUTES: Routes = {
  'GET /v5/account/wallet-balance': { security: 'read', operation: 'account', perSecond: 50, answer: walletBalance },
  'GET /v5/account/info': { security: 'read', operation: 'account', perSecond: 50, answer: accountInfo },
  'GET /v5/account/fee-rate': { security: 'read', operation: 'account', perSecond: 10, answer: feeRate },
  'GET /v5/user/query-api': { security: 'read', operation: 'account', perSecond: 10, answer: keyInfo },
  'GET /v5/position/list': { security: 'read', operation: 'account', perSecond: 50, answer: positions },
};

function walletBalance({ parameters, key, users }: SignedCall): Record<string, unknown> {
  if (parameters.required('accountType') !== 'UNIFIED') throw badParameter('accountType only support UNIFIED.');
  const coins = parameters.optional('coin')?.split(',');
  const record = walletRecord(key.account, (asset) => users.priceOf(asset));
  const coin = (record.coin as { coin: string }[]).filter((one) => coins === undefined || coins.includes(one.coin));
  return { list: [{ ...record, coin }] };
}

function accountInfo({ key }: SignedCall): Record<string, unknown> {
  return {
    // A unified trading account 2.0.
    unifiedMarginStatus: 5,
    marginMode: 'REGULAR_MARGIN',
    isMasterTrader: false,
    spotHedgingStatus: 'OFF',
    updatedTime: String(key.account.updatedAt),
    dcpStatus: 'OFF',
    timeWindow: 0,
    smpGroup: 0,
  };
}

function feeRate({ exchange, parameters, key }: SignedCall): Record<string, unknown> {
  const { maker, taker } = key.account.fees;
  const symbol = parameters.optional('symbol');
  const list = marketsOf(exchange, parameters.category())
    .filter(({ instrument }) => symbol === undefined || instrument.symbol === symbol)
    .map(({ instrument }) => ({
      symbol: instrument.symbol,
      baseCoin: '',
      takerFeeRate: plain(taker),
      makerFeeRate: plain(maker),
    }));
  return { list };
}

/** What the key may do. */
function keyInfo({ key }: SignedCall): Record<string, unknown> {
  const mayTrade = key.permissions.has('trade');
  const none: string[] = [];
  return {
    id: uuid(key.id),
    note: 'simulator',
    apiKey: key.id,
    readOnly: mayTrade ? 0 : 1,
    secret: '',
    permissions: {
      ContractTrade: none,
      Spot: mayTrade ? ['SpotTrade'] : none,
      Wallet: key.permissions.has('withdraw') ? ['AccountTransfer', 'Withdraw'] : none,
      Options: none,
      Derivatives: none,
      CopyTrading: none,
      BlockTrade: none,
      Exchange: none,
      NFT: none,
      Affiliate: none,
      Earn: none,
    },
    ips: ['*'],
    type: 1,
    deadlineDay: 90,
    expiredAt: '2030-01-01T00:00:00Z',
    createdAt: '2025-01-01T00:00:00Z',
    unified: 0,
    uta: 1,
    userID: key.account.id,
    inviterID: 0,
    vipLevel: 'No VIP',
    mktMakerLevel: '0',
    affiliateID: 0,
    rsaPublicKey: '',
    isMaster: true,
    parentUid: '0',
    kycLevel: 'LEVEL_1',
    kycRegion: '',
  };
}

function positions({ parameters }: SignedCall): Record<string, unknown> {
  if (parameters.category() !== 'linear') throw badParameter('Illegal category');
  return { category: 'linear', list: [], nextPageCursor: '' };
}
