/** Names of streams. They are made here and never parsed: the data has the fields. The category is the text before the first `-`. */

import { type Interval, intervalMs } from './interval.ts';
import { DAY_MS, utcDay } from './time.ts';

/** Bars shorter than an hour get a stream a day, longer ones a stream a year, so that no stream grows without end. */
function period(interval: Interval, openTime: string): string {
  return intervalMs(interval) < DAY_MS / 24 ? utcDay(openTime) : openTime.slice(0, 4);
}

export function barsStream(venue: string, symbol: string, interval: Interval, openTime: string): string {
  return `bars-${venue}.${symbol}.${interval}.${period(interval, openTime)}`;
}

export function rollupsStream(venue: string, symbol: string, interval: Interval, openTime: string): string {
  return `rollups-${venue}.${symbol}.${interval}.${period(interval, openTime)}`;
}

export function depthStream(venue: string, symbol: string, eventTime: string): string {
  return `depth-${venue}.${symbol}.${utcDay(eventTime)}`;
}

export function feedStream(venue: string, symbol: string): string {
  return `feed-${venue}.${symbol}`;
}

export function requestStream(requestId: string): string {
  return `request-${requestId}`;
}

export function reportsStream(account: string): string {
  return `reports-${account}`;
}

export function signalsStream(strategy: string): string {
  return `signals-${strategy}`;
}

export function orderStream(orderId: string): string {
  return `order-${orderId}`;
}

export function accountStream(account: string): string {
  return `account-${account}`;
}

/** All settings are one scope, so that a set is one stretch of one stream. */
export const SETTINGS_STREAM = 'settings-main';
export const ENGINE_STREAM = 'engine';

/** The text before the first `-`, or the whole name where there is none. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** Categories that hold evidence; `reports` are evidence for accounts at real venues only. */
export const EVIDENCE_CATEGORIES = ['bars', 'depth', 'feed', 'request', 'settings', 'reports'] as const;
