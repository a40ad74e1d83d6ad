/** The head of both shipped recordings as files, with settings whose strategies are quick to trade. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ROOT } from './child.ts';

const DATA = join(ROOT, 'data');

/** Writes the recordings and the settings into `folder`; returns the path of the settings. */
export function writeRecordedHeads(folder: string, candleCount: number, frameCount: number): string {
  const { candles } = JSON.parse(
    gunzipSync(readFileSync(join(DATA, 'coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz'))).toString(),
  );
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
