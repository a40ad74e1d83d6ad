/** The head of both shipped recordings as files, with settings whose strategies are quick to trade. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ROOT } from './child.ts';

const DATA = join(ROOT, 'data');
const CANDLES = join(DATA, 'coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz');
/** When the session begins. */
const SESSION_MS = Date.UTC(2024, 7, 8, 23, 54);

/**
 * Writes the recordings and the settings into `folder`; returns the path of the settings. The candles are of years before
 * the session.
 */
export function writeRecordedHeads(folder: string, candleCount: number, frameCount: number): string {
  const { candles } = JSON.parse(gunzipSync(readFileSync(CANDLES)).toString());
  writeFileSync(join(folder, 'candles.json'), JSON.stringify({ candles: candles.slice(0, candleCount) }, null, 1));
  const frames = gunzipSync(readFileSync(join(DATA, 'spot_btcusdt_20240808.jsonl.gz')))
    .toString()
    .split('\n', frameCount);
  writeFileSync(join(folder, 'frames.jsonl'), `${frames.join('\n')}\n`);
  const settings = JSON.parse(readFileSync(join(ROOT, 'settings', 'default.json'), 'utf8'));
  settings.feeds[0].recordings = ['candles.json'];
  settings.feeds[1].recordings = ['frames.jsonl'];
  settings.strategies[0].params = { fast: 2, slow: 5 };
  settings.strategies[1].params = { fast: 2, slow: 4 };
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

/** The same with candles of the time around the session, and with the session as that of a second instrument of its account. */
export function writeMergedHeads(folder: string, candleCount: number, frameCount: number): string {
  const file = writeRecordedHeads(folder, 0, frameCount);
  const { candles } = JSON.parse(gunzipSync(readFileSync(CANDLES)).toString());
  const begin = candles.findIndex(({ start }: { start: string }) => Number(start) * 1_000 > SESSION_MS) - candleCount / 2;
  const around = candles.slice(begin, begin + candleCount);
  writeFileSync(join(folder, 'candles.json'), JSON.stringify({ candles: around }, null, 1));
  const frames = readFileSync(join(folder, 'frames.jsonl'), 'utf8');
  writeFileSync(join(folder, 'others.jsonl'), frames.replaceAll('btcusdt', 'ethusdt').replaceAll('BTCUSDT', 'ETHUSDT'));
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  const [, instrument] = settings.instruments;
  const [, feed] = settings.feeds;
  const [, strategy] = settings.strategies;
  settings.instruments.push({ ...instrument, symbol: 'ETHUSDT', base: 'ETH' });
  settings.feeds.unshift({ ...feed, symbol: 'ETHUSDT', recordings: ['others.jsonl'] });
  settings.strategies.push({ ...strategy, name: 'other-cross', symbol: 'ETHUSDT' });
  writeFileSync(file, JSON.stringify(settings));
  return file;
}
