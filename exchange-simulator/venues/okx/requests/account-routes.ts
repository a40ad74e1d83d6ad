import type { Fill, Order } from '../../../accounts/account.ts';
import { plain } from '../formats.ts';
import { instrumentRecord, marketOf, marketsOf, typeOf } from '../instruments.ts';
import { balanceRecord, fillRecord, orderRecord, ordType } from '../records.ts';
import type { Route, Routes, SignedCall } from './call.ts';
import { NO_SUCH_ORDER, WRONG_ACCOUNT_MODE } from './errors.ts';
import { find } from './order-routes.ts';
import { page } from './page.ts';

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
/** Canceled orders without a fill are forgotten after this time. */
const UNFILLED_MS = 2 * HOUR;

type Answering = (call: SignedCall) => readonly unknown[];

const read = (operation: 'query' | 'account', count: number, answer: Answering): Route => ({
  pace: { count, seconds: 2, by: 'account' },
  security: 'read',
  operation,
  answer,
});

/** Positions, algo orders and bills of an account in spot mode that never had any. */
const none = (): readonly unknown[] => [];

/** Orders, fills and the account as they are read back. */
export const ACCOUNT_ROUTES: Routes = {
  'GET /api/v5/trade/order': { ...read('query', 60, order), pace: { count: 60, seconds: 2, by: 'account-instrument' } } as Route,
  'GET /api/v5/trade/orders-pending': read('query', 60, pending),
  'GET /api/v5/trade/orders-history': read('query', 40, (call) => closed(call, 7 * DAY)),
  'GET /api/v5/trade/orders-history-archive': read('query', 20, (call) => closed(call, 90 * DAY)),
  'GET /api/v5/trade/fills': read('query', 60, (call) => fills(call, 3 * DAY)),
  'GET /api/v5/trade/fills-history': read('query', 10, (call) => fills(call, 365 * DAY)),
  'GET /api/v5/trade/orders-algo-pending': read('query', 20, none),
  'GET /api/v5/trade/orders-algo-history': read('query', 20, none),
  'GET /api/v5/trade/account-rate-limit': {
    ...read('account', 1, ({ exchange }) => [
      { accRateLimit: '1000', fillRatio: '', mainFillRatio: '', nextAccRateLimit: '1000', ts: String(exchange.now()) },
    ]),
    pace: { count: 1, seconds: 1, by: 'account' },
  } as Route,
  'GET /api/v5/account/balance': read('account', 10, balance),
  'GET /api/v5/account/config': read('account', 5, config),
  'GET /api/v5/account/instruments': read('account', 20, ({ exchange, parameters }) =>
    marketsOf(exchange, parameters.required('instType')).map(instrumentRecord),
  ),
  'GET /api/v5/account/trade-fee': read('account', 5, tradeFee),
  'GET /api/v5/account/positions': read('account', 10, none),
  'GET /api/v5/account/bills': read('account', 5, none),
  'GET /api/v5/account/bills-archive': read('account', 5, none),
  'POST /api/v5/account/set-leverage': { ...read('account', 20, derivativesOnly), security: 'trade' } as Route,
  'POST /api/v5/account/set-position-mode': { ...read('account', 5, derivativesOnly), security: 'trade' } as Route,
};

function derivativesOnly(): never {
  throw WRONG_ACCOUNT_MODE();
}

function order(call: SignedCall): readonly unknown[] {
  const { exchange, key, parameters, sentOrders } = call;
  const { symbol } = marketOf(exchange, parameters.required('instId')).instrument;
  const known = exchange.visibleOrders(key.account).filter((one) => one.market.instrument.symbol === symbol && isKept(call, one));
  const found = find(known, parameters);
  if (found === undefined) throw NO_SUCH_ORDER();
  return [orderRecord(found, sentOrders.of(found))];
}

function isKept({ exchange }: SignedCall, one: Order): boolean {
  return one.isOpen || one.executed > 0n || exchange.now() - one.updatedAt <= UNFILLED_MS;
}

function pending(call: SignedCall): readonly unknown[] {
  const orders = listed(call).filter((one) => one.isOpen);
  return paged(call, orders);
}

function closed(call: SignedCall, keptMs: number): readonly unknown[] {
  call.parameters.required('instType');
  const { exchange, parameters } = call;
  const [begin, end] = [parameters.integer('begin') ?? 0, parameters.integer('end') ?? Number.POSITIVE_INFINITY];
  const orders = listed(call).filter(
    (one) =>
      !one.isOpen &&
      isKept(call, one) &&
      exchange.now() - one.createdAt <= keptMs &&
      one.createdAt >= begin &&
      one.createdAt <= end,
  );
  return paged(call, orders);
}

/** Orders that the filters of the request let through. */
function listed({ exchange, key, parameters, sentOrders }: SignedCall): Order[] {
  const asked = (name: string, of: (one: Order) => unknown) => (one: Order) =>
    parameters.optional(name) === undefined || parameters.optional(name) === of(one);
  const filters = [
    asked('instType', (one) => typeOf(one.market)),
    asked('instId', (one) => one.market.instrument.symbol),
    asked('ordType', ordType),
    asked('state', (one) => orderRecord(one, sentOrders.of(one)).state),
  ];
  return exchange.visibleOrders(key.account).filter((one) => filters.every((filter) => filter(one)));
}

function paged({ parameters, sentOrders }: SignedCall, orders: readonly Order[]): readonly unknown[] {
  const records = orders.map((one) => orderRecord(one, sentOrders.of(one)));
  return page(records, parameters, ({ ordId }) => String(ordId));
}

function fills(call: SignedCall, keptMs: number): readonly unknown[] {
  const { exchange, key, parameters, sentOrders } = call;
  const [begin, end] = [parameters.integer('begin') ?? 0, parameters.integer('end') ?? Number.POSITIVE_INFINITY];
  const isAsked = (fill: Fill): boolean =>
    fill.order.visibleAt <= exchange.now() && exchange.now() - fill.at <= keptMs && fill.at >= begin && fill.at <= end;
  const asked = (['instType', 'instId', 'ordId'] as const).flatMap((name) => {
    const value = parameters.optional(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const records = key.account.fills
    .map((fill, index) => ({ fill, number: index + 1 }))
    .filter(({ fill }) => isAsked(fill))
    .map(({ fill, number }) => fillRecord(fill, number, sentOrders.of(fill.order)))
    .filter((record) => asked.every(([name, value]) => record[name] === value));
  return page(records, parameters, ({ billId }) => String(billId));
}

function balance({ exchange, key, parameters }: SignedCall): readonly unknown[] {
  return [balanceRecord(exchange, key.account, parameters.optional('ccy')?.split(','))];
}

function config({ key }: SignedCall): readonly unknown[] {
  const may = (name: 'trade' | 'withdraw'): string => (key.permissions.has(name) ? `,${name}` : '');
  return [
    {
      acctLv: '1',
      acctStpMode: 'cancel_maker',
      autoLoan: false,
      ctIsoMode: 'automatic',
      enableSpotBorrow: false,
      greeksType: 'PA',
      ip: '',
      kycLv: '3',
      label: key.id,
      level: 'Lv1',
      levelTmp: '',
      liquidationGear: '-1',
      mainUid: String(key.account.id),
      mgnIsoMode: 'automatic',
      opAuth: '0',
      perm: `read_only${may('trade')}${may('withdraw')}`,
      posMode: 'net_mode',
      roleType: '0',
      spotBorrowAutoRepay: false,
      spotOffsetType: '',
      spotRoleType: '0',
      spotTraderInsts: [],
      traderInsts: [],
      type: '0',
      uid: String(key.account.id),
    },
  ];
}

/** Rates of what the account pays are negative. */
function tradeFee({ exchange, key, parameters }: SignedCall): readonly unknown[] {
  const [maker, taker] = [plain(-key.account.fees.maker), plain(-key.account.fees.taker)];
  const instType = parameters.required('instType');
  const isSwap = instType === 'SWAP';
  return [
    {
      category: '1',
      delivery: '',
      exercise: '',
      feeGroup: [{ groupId: '1', maker, taker }],
      fiat: [],
      instType,
      level: 'Lv1',
      maker: isSwap ? '' : maker,
      makerU: isSwap ? maker : '',
      makerUSDC: maker,
      ruleType: 'normal',
      taker: isSwap ? '' : taker,
      takerU: isSwap ? taker : '',
      takerUSDC: taker,
      ts: String(exchange.now()),
    },
  ];
}
