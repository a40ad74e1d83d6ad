/** Checks proposed settings whole: shape, and what the parts say of each other. Every violation is found at once. */

import { compare, formatDecimal, isMultipleOf, multiply, parseDecimal, rescale } from '../decimal.ts';
import { intervalMs } from '../interval.ts';
import { isInverse } from '../market/contract.ts';
import { MANUAL } from '../order/events.ts';
import { SEND_WINDOW_MS } from '../order/order.ts';
import { findStrategyKind, STRATEGY_KINDS } from '../strategy/strategies.ts';
import { durationMs } from '../time.ts';
import { instrumentKey } from './in-force.ts';
import {
  type AccountSettings,
  account,
  type FeedSettings,
  feed,
  type InstrumentSettings,
  instrument,
  pacesOf,
  type Settings,
  type StrategySettings,
  settingsFile,
  strategy,
} from './settings.ts';

/** All of them may signal on one bar and be filled on the next, and a cascade has its bounds. */
export const MAX_STRATEGIES_PER_INSTRUMENT = 20;

type Path = readonly PropertyKey[];
/** What a schema says of one violation; `keys` are members that it does not know. */
interface Issue {
  readonly path: Path;
  readonly message: string;
  readonly keys?: readonly string[];
}

interface Schema<T> {
  safeParse(value: unknown): { readonly data?: T | undefined };
}

export type Violation = readonly [path: Path, message: string];

/** What could be read: an element that does not have its shape is undefined, so that the others are still checked. */
interface Parts {
  readonly instruments: readonly (InstrumentSettings | undefined)[];
  readonly feeds: readonly (FeedSettings | undefined)[];
  readonly accounts: readonly (AccountSettings | undefined)[];
  readonly strategies: readonly (StrategySettings | undefined)[];
  /** The same as they stand in the file. */
  readonly written: Readonly<Record<ListName, readonly unknown[]>>;
}

type ListName = 'instruments' | 'feeds' | 'accounts' | 'strategies';

/** `instruments[0].tickSize: must be above zero`. */
export function violationLine([path, message]: Violation): string {
  const text = path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`));
  return `${text.join('') || '(file)'}: ${message}`;
}

/** The settings, or a line of path and reason for each violation. */
export function checkSettings(json: unknown): { readonly settings: Settings } | { readonly violations: readonly string[] } {
  const parsed = settingsFile.safeParse(json);
  const shape = (parsed.error?.issues ?? []).flatMap(issueViolations);
  const violations = [...shape, ...checkParts(partsOf(json))];
  if (parsed.success && violations.length === 0) return { settings: parsed.data };
  return { violations: violations.map(violationLine) };
}

function issueViolations(issue: Issue): Violation[] {
  if (issue.keys !== undefined) return issue.keys.map((key) => [[...issue.path, key], 'is not a setting']);
  return [[issue.path, issue.message]];
}

function partsOf(json: unknown): Parts {
  const written = (name: ListName): readonly unknown[] => {
    const elements: unknown = typeof json === 'object' && json !== null && name in json ? json[name as keyof typeof json] : [];
    return Array.isArray(elements) ? elements : [];
  };
  const read = <T>(name: ListName, schema: Schema<T>) => written(name).map((element) => schema.safeParse(element).data);
  return {
    instruments: read('instruments', instrument),
    feeds: read('feeds', feed),
    accounts: read('accounts', account),
    strategies: read('strategies', strategy),
    written: {
      instruments: written('instruments'),
      feeds: written('feeds'),
      accounts: written('accounts'),
      strategies: written('strategies'),
    },
  };
}

function checkParts(parts: Parts): Violation[] {
  const key = (part: { venue: string; symbol: string } | undefined) => part && instrumentKey(part.venue, part.symbol);
  return [
    ...duplicates(parts.instruments.map(key), (index) => ['instruments', index, 'symbol']),
    ...duplicates(parts.feeds.map(key), (index) => ['feeds', index, 'symbol']),
    ...duplicates(
      parts.accounts.map((part) => part?.id),
      (index) => ['accounts', index, 'id'],
    ),
    ...duplicates(
      parts.strategies.map((part) => part?.name),
      (index) => ['strategies', index, 'name'],
    ),
    ...parts.instruments.flatMap((part, index) => (part ? checkInstrument(part, ['instruments', index]) : [])),
    ...parts.feeds.flatMap((part, index) => (part ? checkFeed(part, parts, ['feeds', index]) : [])),
    ...otherPaces(parts.feeds),
    ...parts.accounts.flatMap((part, index) => (part ? checkAccount(part, ['accounts', index]) : [])),
    ...tooManyOnOneInstrument(parts.strategies),
    ...parts.strategies.flatMap((part, index) => (part ? checkStrategy(part, parts, ['strategies', index]) : [])),
  ];
}

function duplicates(names: readonly (string | undefined)[], path: (index: number) => Path): Violation[] {
  return names.flatMap((name, index) =>
    name === undefined || names.indexOf(name) === index
      ? []
      : [[path(index), `"${name}" stands here for the second time`] as const],
  );
}

function checkInstrument(part: InstrumentSettings, at: Path): Violation[] {
  const violations: Violation[] = [];
  for (const [step, scale] of [
    ['tickSize', 'priceScale'],
    ['lotSize', 'quantityScale'],
  ] as const) {
    const value = parseDecimal(part[step]);
    if (compare(rescale(value, part[scale], 'floor'), value) === 0) continue;
    violations.push([[...at, step], `${formatDecimal(value)} has more than the ${part[scale]} decimal places of ${scale}`]);
  }
  return [...violations, ...checkContract(part, at)];
}

/** Most decimal places of price and contract size together: with those of a quantity they fit into an event. */
const MAX_WORTH_PLACES = 16;
/** So small that what a day's trades are worth fits into an event. */
const CONTRACT_SIZE_LIMIT = parseDecimal('1000000000');

function checkContract(part: InstrumentSettings, at: Path): Violation[] {
  const { kind, base, quote, settle, contractSize, priceScale } = part;
  const violations: Violation[] = [];
  if (base === quote) violations.push([[...at, 'quote'], `must be another asset than the base asset "${base}"`]);
  if (kind === 'spot') {
    if (contractSize !== '1') violations.push([[...at, 'contractSize'], 'must be "1" for a spot instrument']);
    if (settle !== undefined && settle !== quote) {
      violations.push([[...at, 'settle'], `must be the quote asset "${quote}" for a spot instrument`]);
    }
    return violations;
  }
  if (settle !== undefined && settle !== quote && settle !== base) {
    violations.push([
      [...at, 'settle'],
      `must be the quote asset "${quote}" (a linear contract) or the base asset "${base}" (an inverse one)`,
    ]);
  }
  const size = parseDecimal(contractSize);
  if (size.scale + priceScale > MAX_WORTH_PLACES && contractSize !== '1') {
    violations.push([
      [...at, 'contractSize'],
      `has ${size.scale} decimal places: with the ${priceScale} of priceScale that is more than ${MAX_WORTH_PLACES}`,
    ]);
  }
  if (compare(size, CONTRACT_SIZE_LIMIT) >= 0) {
    violations.push([[...at, 'contractSize'], `must be below ${formatDecimal(CONTRACT_SIZE_LIMIT)}`]);
  }
  return violations;
}

function checkFeed(part: FeedSettings, parts: Parts, at: Path): Violation[] {
  const { venue, symbol, bars, rollups } = part;
  const violations: Violation[] = duplicates(rollups, (index) => [...at, 'rollups', index]);
  if (isMissing(parts.written.instruments, { venue, symbol })) {
    violations.push([[...at, 'symbol'], `${venue} ${symbol} is not among the instruments`]);
  }
  if (part.lastIsWhole !== undefined && part.depth !== undefined) {
    violations.push([[...at, 'lastIsWhole'], 'is said of candles, and a feed with "depth" has none']);
  }
  rollups.forEach((rollup, index) => {
    if (intervalMs(rollup) > intervalMs(bars) && intervalMs(rollup) % intervalMs(bars) === 0) return;
    violations.push([[...at, 'rollups', index], `"${rollup}" is not a multiple of the feed's bars "${bars}"`]);
  });
  return violations;
}

/** All recordings are one run. */
function otherPaces(feeds: Parts['feeds']): Violation[] {
  const [first] = pacesOf(feeds.flatMap((part) => part ?? []));
  return feeds.flatMap((part, index) => {
    if (first === undefined || part?.pace === undefined || pacesOf([{ pace: first }, part]).length === 1) return [];
    const message = `"${part.pace}" is another pace than "${first}" of a feed before it, but all recordings are one run: give them one`;
    return [[['feeds', index, 'pace'], message] as const];
  });
}

/** An order that cannot arrive while it may be sent would expire, each time. */
function checkAccount({ latency }: AccountSettings, at: Path): Violation[] {
  if (durationMs(latency) < SEND_WINDOW_MS) return [];
  return [[[...at, 'latency'], `"${latency}" must be under ${SEND_WINDOW_MS}ms: an order expires when it is not filled by then`]];
}

function tooManyOnOneInstrument(strategies: Parts['strategies']): Violation[] {
  const counts = new Map<string, number>();
  return strategies.flatMap((part, index) => {
    if (part === undefined) return [];
    const key = instrumentKey(part.venue, part.symbol);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count !== MAX_STRATEGIES_PER_INSTRUMENT + 1) return [];
    return [[['strategies', index, 'symbol'], `${key} has more than ${MAX_STRATEGIES_PER_INSTRUMENT} strategies`] as const];
  });
}

/** Is there none with these members, among those that could not be read either? */
function isMissing(elements: readonly unknown[], members: Readonly<Record<string, string>>): boolean {
  return !elements.some(
    (element) =>
      typeof element === 'object' &&
      element !== null &&
      Object.entries(members).every(([name, value]) => name in element && element[name as keyof typeof element] === value),
  );
}

function checkStrategy(part: StrategySettings, parts: Parts, at: Path): Violation[] {
  return [...checkReferences(part, parts, at), ...checkInterval(part, parts, at), ...checkKind(part, at)];
}

function checkReferences(part: StrategySettings, parts: Parts, at: Path): Violation[] {
  const { venue, symbol } = part;
  const violations: Violation[] = [];
  if (part.name === MANUAL) violations.push([[...at, 'name'], `"${MANUAL}" is the name of the orders that people place`]);
  if (isMissing(parts.written.accounts, { id: part.account })) {
    violations.push([[...at, 'account'], `"${part.account}" is not among the accounts`]);
  }
  if (isMissing(parts.written.instruments, { venue, symbol })) {
    violations.push([[...at, 'symbol'], `${venue} ${symbol} is not among the instruments`]);
  }
  const used = parts.accounts.find((known) => known?.id === part.account);
  const traded = parts.instruments.find((known) => known?.venue === venue && known.symbol === symbol);
  if (used !== undefined && traded !== undefined && traded.quote !== used.currency) {
    violations.push([[...at, 'account'], `"${used.id}" counts in ${used.currency}, but ${symbol} is quoted in ${traded.quote}`]);
  }
  if (traded?.kind === 'spot' && part.mode === 'long-short') {
    violations.push([[...at, 'mode'], '"long-short" needs an instrument that can be sold short; a spot instrument cannot']);
  }
  if (traded !== undefined && isInverse(traded)) {
    violations.push([[...at, 'symbol'], `${symbol} is an inverse contract: its market data are recorded, but it is not traded`]);
  } else if (used?.venue === 'paper' && traded !== undefined && traded.kind !== 'spot') {
    violations.push([[...at, 'symbol'], `${symbol} is a ${traded.kind}, but the paper account "${used.id}" trades spot only`]);
  }
  if (traded !== undefined) violations.push(...checkSize(part, traded, at));
  return violations;
}

/** Quantities are rounded down to the lot: what is asked for must be what is traded. */
function checkSize({ size }: StrategySettings, { lotSize, contractSize }: InstrumentSettings, at: Path): Violation[] {
  if (!('quantity' in size)) return [];
  const lot = multiply(parseDecimal(lotSize), parseDecimal(contractSize));
  if (isMultipleOf(parseDecimal(size.quantity), lot)) return [];
  return [[[...at, 'size', 'quantity'], `"${size.quantity}" is not a multiple of the lot, ${formatDecimal(lot)}`]];
}

function checkInterval({ venue, symbol, interval }: StrategySettings, parts: Parts, at: Path): Violation[] {
  if (isMissing(parts.written.feeds, { venue, symbol })) {
    return [[[...at, 'symbol'], `${venue} ${symbol} has no feed`]];
  }
  const fed = parts.feeds.find((known) => known?.venue === venue && known.symbol === symbol);
  if (fed === undefined || fed.bars === interval || fed.rollups.includes(interval)) return [];
  const made = [fed.bars, ...fed.rollups].join(', ');
  return [[[...at, 'interval'], `the feed makes ${made}, not "${interval}"; add it to the feed's rollups`]];
}

function checkKind(part: StrategySettings, at: Path): Violation[] {
  const kind = findStrategyKind(part.kind);
  if (kind === undefined) {
    return [[[...at, 'kind'], `"${part.kind}" is none of ${STRATEGY_KINDS.map((known) => known.kind).join(', ')}`]];
  }
  const issues = kind.params.safeParse(part.params).error?.issues ?? [];
  return issues.flatMap(issueViolations).map(([path, message]) => [[...at, 'params', ...path], message]);
}
