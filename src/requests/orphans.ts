/**
 * Finds the positions and orders that a change of the settings would leave with nobody to close them. A strategy's
 * position is closed by its own signals, or by a halt that names it: once it is retired, or moved to another account or
 * instrument, neither comes for its old position. And without a feed nothing values a position, nor fills the order that
 * would close it.
 */

import { readInstrument } from '../domain/account/instrument.ts';
import { compare, formatDecimal, minimum, parseDecimal, sign } from '../domain/decimal.ts';
import { withoutDust } from '../domain/desk/sizing.ts';
import type { ApprovedOrder } from '../domain/order/events.ts';
import type { ConfiguredStrategy } from '../domain/settings/events.ts';
import { instrumentKey, type SettingsInForce } from '../domain/settings/in-force.ts';
import type { Settings } from '../domain/settings/settings.ts';
import { signalsStream } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import { eventsOf } from '../ports/pages.ts';
import { lastPrices } from '../queries/last-prices.ts';

interface OpenItem {
  readonly account: string;
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  /** `0.5 coinbase.BTC-USD` or `an open order in coinbase.BTC-USD`. */
  readonly what: string;
}

/**
 * One sentence for each strategy or feed that cannot go yet, with what it would leave and what to do. Reads the tape
 * only where something is to go.
 */
export async function orphans(store: EventStore, settings: SettingsInForce, proposed: Settings): Promise<string[]> {
  const going = [...settings.strategies.values()].filter((strategy) => isGoing(strategy, proposed));
  const kept = new Set(proposed.feeds.map(({ venue, symbol }) => instrumentKey(venue, symbol)));
  const unfed = [...settings.feeds.keys()].filter((key) => !kept.has(key));
  if (going.length === 0 && unfed.length === 0) return [];
  const openItems = [...(await openPositions(store, settings)), ...(await openOrders(store))];
  return [
    ...going.flatMap(({ name }) => {
      const own = openItems.filter(({ strategy }) => strategy === name);
      if (own.length === 0) return [];
      return [
        `strategy ${name} holds ${listOf(own)} and cannot be retired or moved, because nobody would close that: first "./tapedeck flatten --strategy ${name}", with --at-last-price where the recording has ended`,
      ];
    }),
    ...unfed.flatMap((key) => {
      const own = openItems.filter(({ venue, symbol }) => instrumentKey(venue, symbol) === key);
      if (own.length === 0) return [];
      return [`the feed of ${key} cannot be retired while there is ${listOf(own)}, because nothing would value or fill that`];
    }),
  ];
}

/** Is it retired, or moved to where its position is not? */
function isGoing({ name, account, venue, symbol }: ConfiguredStrategy, { strategies }: Settings): boolean {
  const stays = strategies.find((strategy) => strategy.name === name);
  return stays === undefined || stays.account !== account || stays.venue !== venue || stays.symbol !== symbol;
}

/**
 * One sentence for each strategy that would signal another instrument than it did: its signals are one stream, which
 * has its place, there and wherever it is handed on to, by the instrument.
 */
export async function movedSignals(store: EventStore, { strategies }: Settings): Promise<string[]> {
  const sentences: string[] = [];
  for (const { name, venue, symbol } of strategies) {
    const [first] = await store.read({ stream: signalsStream(name), limit: 1 });
    if (first?.type !== 'SignalGenerated') continue;
    const [was, is] = [instrumentKey(first.data.venue, first.data.symbol), instrumentKey(venue, symbol)];
    if (was === is) continue;
    sentences.push(`strategy ${name} has given signals for ${was} and cannot move to ${is}: give it another name there`);
  }
  return sentences;
}

function listOf(items: readonly OpenItem[]): string {
  return items.map(({ what, account }) => `${what} in account ${account}`).join(', ');
}

/** Of a spot position counts what is there to be sold: where the venue took more, nothing could close the rest. */
async function openPositions(store: EventStore, settings: SettingsInForce): Promise<OpenItem[]> {
  const balances = new Map<string, string>();
  const last = new Map<string, Omit<OpenItem, 'what'> & { readonly quantity: string }>();
  for await (const { type, data } of eventsOf(store, { categories: ['account'], types: ['PositionChanged', 'BalanceChanged'] })) {
    if (type === 'BalanceChanged') balances.set(`${data.account}|${data.asset}`, data.balance);
    if (type !== 'PositionChanged') continue;
    const { account, strategy, venue, symbol, quantity } = data;
    last.set(`${account}|${strategy}|${instrumentKey(venue, symbol)}`, { account, strategy, venue, symbol, quantity });
  }
  const open = [...last.values()].filter(({ quantity }) => quantity !== '0');
  const prices = await lastPrices(store, new Set(open.map(({ venue, symbol }) => instrumentKey(venue, symbol))));
  const found: OpenItem[] = [];
  for (const { quantity, ...position } of open) {
    const key = instrumentKey(position.venue, position.symbol);
    const listed = settings.instruments.get(key);
    if (listed === undefined) throw new Error(`the position ${key} on the tape is in an instrument that is not listed`);
    const price = prices.get(key)?.price;
    const mark = price === undefined ? null : parseDecimal(price);
    const instrument = readInstrument(listed);
    const balance = instrument.isSpot ? balances.get(`${position.account}|${instrument.base}`) : undefined;
    const held = balance === undefined ? parseDecimal(quantity) : minimum(parseDecimal(quantity), parseDecimal(balance));
    const rest = withoutDust(held, instrument, mark);
    if (sign(rest) !== 0) found.push({ ...position, what: `${formatDecimal(rest)} ${key}` });
  }
  return found;
}

async function openOrders(store: EventStore): Promise<OpenItem[]> {
  const open = new Map<string, ApprovedOrder>();
  const types = ['OrderApproved', 'OrderFilled', 'OrderCanceled', 'OrderExpired', 'OrderRejected'];
  for await (const { type, data } of eventsOf(store, { categories: ['order'], types })) {
    if (type === 'OrderApproved') open.set(data.orderId, data);
    else if (type === 'OrderFilled' && !fills(data.cumulativeQuantity, open.get(data.orderId))) continue;
    else if ('orderId' in data && data.orderId !== null) open.delete(data.orderId);
  }
  return [...open.values()].map(({ account, strategy, venue, symbol }) => {
    return { account, strategy, venue, symbol, what: `an open order in ${instrumentKey(venue, symbol)}` };
  });
}

function fills(cumulative: string, order: ApprovedOrder | undefined): boolean {
  return order === undefined || compare(parseDecimal(cumulative), parseDecimal(order.quantity)) >= 0;
}
