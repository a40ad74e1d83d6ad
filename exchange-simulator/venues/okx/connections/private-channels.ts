import type { Account, AccountEvent } from '../../../accounts/account.ts';
import { every } from '../../../core/clock.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { plain } from '../formats.ts';
import { typeOf } from '../instruments.ts';
import { balanceRecord, orderPush } from '../records.ts';
import type { SentOrders } from '../requests/sent-orders.ts';

/** What a client asks for: `channel`, and what narrows it. */
export type ChannelArg = Readonly<Record<string, string>>;

/** Sends one push of a private channel. */
export type PrivatePush = (arg: ChannelArg, data: readonly unknown[]) => void;

/** How often the `account` channel says the same again. */
const ACCOUNT_PACE_MS = 5000;

/** The channels that are counted: only so many connections of an account may subscribe to each. */
export const COUNTED_CHANNELS: readonly string[] = ['orders', 'account', 'positions', 'balance_and_position'];

/** Begins a private channel: its snapshot where it has one, and then what happens. The function returned ends it. */
export function followPrivate(
  exchange: Exchange,
  sentOrders: SentOrders,
  account: Account,
  arg: ChannelArg,
  push: PrivatePush,
): () => void {
  const named = { ...arg, uid: String(account.id) };
  switch (arg.channel) {
    case 'orders':
      return account.observe((event) => {
        if (event.kind === 'order' && isAsked(event, arg))
          push(named, [orderPush(event.order, sentOrders.of(event.order), event.fill)]);
      });
    case 'account':
      return followBalances(exchange, account, arg, (data) => push(withoutExtra(named), data));
    case 'balance_and_position':
      return followPositions(exchange, account, (data) => push(named, data));
    case 'positions':
      push(named, []);
      return () => {};
    default:
      return () => {};
  }
}

function isAsked({ order }: Extract<AccountEvent, { kind: 'order' }>, arg: ChannelArg): boolean {
  const { market } = order;
  const isType = arg.instType === 'ANY' || arg.instType === typeOf(market);
  return isType && (arg.instId === undefined || arg.instId === market.instrument.symbol);
}

/** At once, with every change, and again and again unless the client asked for `updateInterval` 0. */
function followBalances(
  exchange: Exchange,
  account: Account,
  arg: ChannelArg,
  push: (data: readonly unknown[]) => void,
): () => void {
  const currencies = arg.ccy === undefined ? undefined : [arg.ccy];
  push([balanceRecord(exchange, account, currencies)]);
  const isQuiet = /"updateInterval":\s*"?0"?/.test(arg.extraParams ?? '');
  const stops = [
    account.observe((event) => {
      if (event.kind === 'balances') push([balanceRecord(exchange, account, currencies ?? [...event.assets])]);
    }),
    isQuiet ? () => {} : every(exchange.clock, ACCOUNT_PACE_MS, () => push([balanceRecord(exchange, account, currencies)])),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function followPositions(exchange: Exchange, account: Account, push: (data: readonly unknown[]) => void): () => void {
  const say = (eventType: string, assets: readonly string[]): void => {
    const uTime = String(account.updatedAt);
    const balData = assets.map((ccy) => {
      const { free, locked } = account.balance(ccy);
      return { ccy, cashBal: plain(free + locked), uTime };
    });
    push([{ balData, eventType, pTime: String(exchange.now()), posData: [], trades: [] }]);
  };
  say('snapshot', [...account.balances.keys()]);
  return account.observe((event) => {
    if (event.kind === 'order' && event.fill !== undefined) say('filled', [...account.balances.keys()]);
    if (event.kind === 'transfer') say('transferred', [event.asset]);
  });
}

function withoutExtra({ extraParams: _extra, ...arg }: ChannelArg): ChannelArg {
  return arg;
}
