import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  assetText,
  decimalText,
  idText,
  isoTimeText,
  nameText,
  nonNegativeDecimal,
  positiveDecimal,
  symbolText,
  venueText,
} from '../../src/domain/event.ts';

const SHAPES: readonly (readonly [name: string, schema: z.ZodType, good: readonly unknown[], bad: readonly unknown[]])[] = [
  ['a decimal', decimalText, ['0', '-1.5', '12.50'], ['', '1e5', 'NaN', 1.5, null, '+1', ' 1']],
  ['a positive decimal', positiveDecimal, ['1', '0.00000001'], ['0', '0.000', '-1', '-0', 'x']],
  ['a decimal of zero or more', nonNegativeDecimal, ['0', '0.00', '3'], ['-1', '-0.1', '-0', '']],
  ['a time', isoTimeText, ['2024-08-08T23:54:15.208Z'], ['2024-08-08', '2024-02-30T00:00:00.000Z', 1723161255208]],
  ['a name', nameText, ['paper-1', 'golden-cross', 'a', 'x'.repeat(64)], ['', '-a', 'a b', 'ä', 'a/b', 'x'.repeat(65), '../a']],
  ['a venue', venueText, ['binance', 'okx2'], ['Binance', '', 'a-b', 'a.b', '1a', 'x'.repeat(33)]],
  ['a symbol', symbolText, ['BTCUSDT', 'BTC-USD', 'BTC/USD', 'btcusd_perp'], ['', '-BTC', 'BTC USD', 'BTC\n', 'x'.repeat(65)]],
  [
    'a symbol that a venue uses',
    symbolText,
    ['币安人生USDT', 'क्रिप्टोUSDT', '🚀USDT', '@107', '.BXBT', 'ES=F', '^GSPC', 'NQ1!', '100%USD', '#USDT', '币'.repeat(64)],
    ['币'.repeat(65), '.', '..', '\u0301BTC', 'BTC|USD', 'BTC"USD', "BTC'USD", 'BTC`USD', 'BTC\\USD', 'e\u0301USDT'],
  ],
  [
    'a symbol that is not what it looks like',
    symbolText,
    [],
    ['\0', '\u0007', '\u007f', '\u0085', '\u00a0', '\u3000', '\u2028', '\u200b', '\u200d', '\u200f', '\u202e', '\u2066', '\ufeff']
      .concat(['\ufe0f', '\u034f', '\u115f', '\u3164', '\u2800', '\u00ad', '\ud800', '\udc00', '\ue000', '\u0378', '\u{e0041}'])
      .map((hidden) => `BTC${hidden}USDT`),
  ],
  ['an asset', assetText, ['BTC', '1INCH'], ['btc', '', 'BTC-', 'X'.repeat(17)]],
  ['an asset of another script', assetText, ['币安人生', 'Ω'], ['币 安', '币-安', '\u3164', 'e\u0301', '__proto__', 'toString']],
  ['an id', idText, ['2ed6657d-e927-568b-95e1-2665a8aea6a2'], ['', '2ed6657d', '2ed6657d-e927-568b-95e1-2665a8aea6a2x']],
];

describe.each(SHAPES)('%s', (_name, schema, good, bad) => {
  it.each(good.map((value) => [value]))('can be %j', (value) => expect(schema.safeParse(value).success).toBe(true));
  it.each(bad.map((value) => [value]))('cannot be %j', (value) => expect(schema.safeParse(value).success).toBe(false));
});
