import { parseDecimal } from '../../src/domain/decimal.ts';
import { desk } from '../../src/domain/desk/desk.ts';
import type { DeskState } from '../../src/domain/desk/desk-state.ts';
import { riskView } from '../../src/domain/desk/risk-view.ts';
import { LIMITS } from '../../src/domain/risk/limits.ts';
import { checkOrder } from '../../src/domain/risk/risk.ts';
import { BOOK, PAPER, Scene } from '../../test/domain/given.ts';
import { atWork, type Outcome, quantile, type Row } from '../row.ts';

const CHECKS = 50_000;
const ROUNDS = 20;

const ALL_LIMITS = {
  positionSize: '500000',
  dailyLoss: '20000',
  drawdown: '0.5',
  concentration: '0.9',
  leverage: '1',
  priceCollar: '0.02',
  orderRate: { orders: 10, per: '1s' },
  marketHours: true,
};

/** The one figure without a raw limit beside it: in processor time, so that what else the machine does counts least. */
export const risk: Row = {
  name: 'risk',
  path: 'risk check of one order, all limits',
  async run(): Promise<Outcome[]> {
    const check = preparedCheck();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const ms = await atWork(() => {
        for (let i = 0; i < CHECKS; i++) check();
      });
      times.push((ms * 1_000) / CHECKS);
    }
    const median = quantile(times, 0.5);
    return [
      {
        what: `one order against all ${LIMITS.length} limits`,
        measured: `${median.toFixed(2)} us`,
        raw: '',
        value: median,
        bound: 2,
        atLeast: false,
        unit: 'us',
      },
    ];
  },
};

/** A desk with every limit set and something held, and the check of an opening order that passes them all. */
function preparedCheck(): () => void {
  const scene = new Scene([desk]);
  scene.settings({ feeds: [BOOK], accounts: [{ ...PAPER, balances: { USDT: '100000', BTC: '0.25' }, limits: ALL_LIMITS }] });
  scene.begin();
  scene.depth('60000.00', '60000.01');
  const { settings, states } = scene.engine.snapshot();
  const state = states.get(desk.name) as DeskState;
  const account = state.accounts.get('paper-1');
  const instrument = state.instruments.get('binance.BTCUSDT');
  if (account === undefined || instrument === undefined) throw new Error('the scene lacks what it was given');
  const signal = {
    strategy: 'cross',
    venue: 'binance',
    symbol: 'BTCUSDT',
    interval: '1m',
    side: 'buy',
    barOpenTime: '2024-08-08T11:59:00.000Z',
    barCloseTime: '2024-08-08T12:00:00.000Z',
    barSource: 'recording',
    reason: {},
    settingsHash: 'a'.repeat(64),
  } as const;
  const order = { strategy: 'cross', instrument, side: 'buy', base: parseDecimal('0.1'), signal } as const;
  const terms = { side: 'buy', price: parseDecimal('60010.00'), isReducing: false, isFlattening: false } as const;
  const reference = parseDecimal('60000.005');
  return () => {
    const { refusal, passed } = checkOrder(
      terms,
      riskView({ state, settings }, account, order, reference, scene.now),
      account.limits,
    );
    if (refusal !== null || passed.length !== LIMITS.length) {
      throw new Error(`the order should pass all limits: ${JSON.stringify(refusal)} after ${passed.length}`);
    }
  };
}
