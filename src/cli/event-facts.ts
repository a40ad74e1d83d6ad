/** The facts that count of an event, in a line for people: the most important first, because a narrow terminal cuts the rest. */

import type { EventData, EventName } from '../domain/catalogue.ts';
import type { Bar } from '../domain/market/events.ts';
import type { HaltScope } from '../domain/order/events.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import { scopeText } from './scope.ts';
import { shortId } from './short-id.ts';

/** What is known of an event's data; a fact that is null is left out. */
type FactsOf<Data> = (data: Data) => readonly (string | null)[];

/** One for each type of event. */
export const EVENT_FACTS: { readonly [N in EventName]: FactsOf<EventData[N]> } = {
  BarClosed: bar,
  BarCorrected: bar,
  DepthSampled: ({ bids, asks, ...at }) => [
    instrument(at),
    `bid ${levelText(bids[0])}`,
    `ask ${levelText(asks[0])}`,
    `${bids.length} and ${asks.length} levels`,
  ],
  FeedStale: (data) => [`${instrument(data)} ${data.reason}`, optional('last heard', data.lastEventTime)],
  FeedRecovered: (data) => [`${instrument(data)} after ${data.reason}`],

  InstrumentListed: listing,
  InstrumentUpdated: listing,
  FeedConfigured: (data) => [
    `${instrument(data)} ${data.bars}`,
    counted(data.recordings.length, 'recording'),
    data.rollups.length === 0 ? null : `also ${data.rollups.join(' ')}`,
  ],
  FeedRetired: (data) => [instrument(data)],
  AccountOpened: account,
  AccountUpdated: account,
  RiskLimitsSet: ({ account, limits }) => [account, ...Object.entries(limits).map(([limit, bound]) => `${limit} ${json(bound)}`)],
  StrategyConfigured: ({ name, kind, params, interval, ...data }) => [
    name,
    `${kind} ${json(params)}`,
    `${instrument(data)} ${interval}`,
    data.account,
    data.mode,
  ],
  StrategyRetired: ({ name }) => [name],
  SettingsApplied: ({ generation, changes, reason }) => [
    `generation ${generation}`,
    counted(changes, 'change'),
    optional('reason', reason),
  ],

  SignalGenerated: ({ strategy, side, interval, reason, ...data }) => [
    `${strategy} ${side} ${instrument(data)} ${interval}`,
    ...Object.entries(reason).map(([name, value]) => `${name} ${value}`),
  ],

  OrderRequested: ({ account, ...data }) => [termsText(data), account, optional('reason', data.reason)],
  OrderCancelRequested: ({ orderId, account, reason }) => [order(orderId), account, optional('reason', reason)],
  TradingHaltRequested: ({ scope, mode, cancelOpen, flatten, atLastPrice, reason }) => [
    `${scopeText(scope)} ${mode}`,
    cancelOpen ? 'cancel open orders' : null,
    flatten ? `flatten${atLastPrice ? ' at the last price' : ''}` : null,
    `reason ${reason}`,
  ],
  TradingHaltContinued: ({ requestId, step }) => [`step ${step}`, `of ${shortId(requestId)}`],
  TradingResumeRequested: ({ scope, reason }) => [scopeText(scope), `reason ${reason}`],
  OrderApproved: ({ orderId, strategy, account, ...data }) => [termsText(data), strategy, account, order(orderId)],
  OrderDenied: ({ orderId, strategy, account, reason, value, bound, ...data }) => [
    value === null ? reason : `${reason} ${value}, bound ${bound ?? '-'}`,
    termsText(data),
    strategy,
    account,
    order(orderId),
  ],
  OrderSubmitted: ({ orderId, account }) => [order(orderId), account],
  OrderAccepted: ({ orderId, account, venueOrderId }) => [order(orderId), account, optional('at the venue', venueOrderId)],
  OrderRejected: refused,
  OrderUncertain: refused,
  OrderTriggered: ({ orderId, account }) => [order(orderId), account],
  OrderFilled: ({ orderId, side, quantity, price, fee, feeAsset, strategy, liquidity, ...data }) => [
    `${side} ${quantity} ${instrument(data)} at ${price}`,
    `fee ${fee} ${feeAsset}`,
    liquidity,
    strategy,
    order(orderId),
  ],
  OrderCancelPending: refused,
  OrderCanceled: refused,
  OrderCancelRejected: refused,
  OrderExpired: refused,
  OrderUpdated: ({ orderId, quantity, price }) => [order(orderId), `quantity ${quantity}`, optional('price', price)],
  OrderAnomalyDetected: ({ orderId, anomaly, detail }) => [order(orderId), anomaly, detail],
  ExternalOrderSeen: ({ clientOrderId, account, ...data }) => [instrument(data), account, `client order id ${clientOrderId}`],

  ExecutionReported: ({ executionType, orderId, clientOrderId, side, price, quantity, reason, ...data }) => [
    executionType,
    `${side} ${quantity === null ? '' : `${quantity} `}${instrument(data)}${price === null ? '' : ` at ${price}`}`,
    reason,
    orderId === null ? `client order id ${clientOrderId}` : order(orderId),
  ],

  PositionChanged: ({ account, strategy, quantity, averageEntryPrice, realizedProfit, ...data }) => [
    `${strategy} ${quantity === '0' ? 'flat' : quantity} ${instrument(data)}`,
    optional('entry', averageEntryPrice),
    `realized ${realizedProfit}`,
    account,
  ],
  BalanceChanged: ({ account, asset, change, balance, reason }) => [`${account} ${change} ${asset}`, reason, `now ${balance}`],
  AccountMarked: ({ account, equity, currency, cash, peak }) => [
    `${account} equity ${equity} ${currency}`,
    `cash ${cash}`,
    `peak ${peak}`,
  ],
  TradingHalted: ({ account, mode, ...data }) => [account, mode, ...requested(data)],
  TradingResumed: ({ account, ...data }) => [account, ...requested(data)],

  CascadeDecided: ({ decisions, evidenceId, part, parts }) => [
    counted(decisions.length, 'decision'),
    `on ${shortId(evidenceId)}`,
    parts === 1 ? null : `part ${part} of ${parts}`,
  ],
  EngineActivated: ({ codeVersion, after }) => [`build ${codeVersion}`, after === null ? null : `after ${shortId(after)}`],
};

/** The facts of an event, in one line. */
export function eventFacts({ type, data }: Pick<RecordedEvent, 'type' | 'data'>): string {
  const facts = EVENT_FACTS[type] as FactsOf<unknown>;
  return facts(data)
    .filter((fact) => fact !== null)
    .join(', ');
}

interface Instrument {
  readonly venue: string;
  readonly symbol: string;
}

function instrument({ venue, symbol }: Instrument): string {
  return instrumentKey(venue, symbol);
}

function bar({ interval, open, high, low, close, volume, complete, ...data }: Bar): (string | null)[] {
  return [
    `${instrument(data)} ${interval} close ${close}`,
    `open ${open}`,
    `high ${high}`,
    `low ${low}`,
    `volume ${volume}`,
    complete ? null : 'incomplete',
  ];
}

function levelText(level: readonly [string, string] | undefined): string {
  return level === undefined ? 'none' : `${level[0]} (${level[1]})`;
}

function listing({ kind, tickSize, lotSize, minNotional, ...data }: EventData['InstrumentListed']): string[] {
  return [`${instrument(data)} ${kind}`, `tick ${tickSize}`, `lot ${lotSize}`, `smallest notional ${minNotional}`];
}

function account({ id, venue, currency, fees, slippage, latency }: EventData['AccountOpened']): string[] {
  return [
    `${id} in ${currency} at ${venue}`,
    `fees ${fees.maker} and ${fees.taker}`,
    `slippage ${slippage}`,
    `latency ${latency}`,
  ];
}

interface Terms extends Instrument {
  readonly side: string;
  readonly quantity: string;
  readonly type: string;
  readonly timeInForce: string;
  readonly price: string | null;
}

function termsText({ side, quantity, type, timeInForce, price, ...data }: Terms): string {
  return `${side} ${quantity} ${instrument(data)} ${type}${price === null ? '' : ` ${price}`} ${timeInForce}`;
}

function refused({ orderId, account, reason }: { orderId: string; account: string; reason: string | null }): (string | null)[] {
  return [order(orderId), reason, account];
}

function requested({ scope, reason, requestId }: { scope: HaltScope; reason: string; requestId: string }): string[] {
  return [scopeText(scope), `reason ${reason}`, `request ${shortId(requestId)}`];
}

function order(id: string): string {
  return `order ${shortId(id)}`;
}

function optional(name: string, value: string | null | undefined): string | null {
  return value == null ? null : `${name} ${value}`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function json(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
