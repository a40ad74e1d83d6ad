import { describe, expect, it } from 'vitest';
import { escapeUnprintable, isPrintable } from '../../src/domain/printable.ts';

/** General categories Cc, Zl, Zp and Cs, and the property Bidi_Control, as this Node's own copy of Unicode has them. */
const BY_UNICODE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/u;

describe('what is unprintable', () => {
  it('is what Unicode says, in all of its first plane', () => {
    const differing: string[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      const text = String.fromCharCode(code);
      if (isPrintable(text) === BY_UNICODE.test(text)) differing.push(code.toString(16));
    }
    expect(differing).toEqual([]);
  });

  it.each(['BTC-USD', 'Grüße', '币安人生', '\u{1f4a5}', ' \u00a0'])('is nothing of %j', (text) => {
    expect(isPrintable(text)).toBe(true);
    expect(escapeUnprintable(text)).toBe(text);
  });

  it('is escaped, so that a JSON text says the same', () => {
    expect(escapeUnprintable('\u001b[2Jx\r\n\u009b\u202e\u2028\ud83d')).toBe(
      '\\u001b[2Jx\\u000d\\u000a\\u009b\\u202e\\u2028\\ud83d',
    );
    const value = { reason: 'a\u009bb\u202ec\u007f\u2066' };
    const text = escapeUnprintable(JSON.stringify(value));
    expect(isPrintable(text)).toBe(true);
    expect(JSON.parse(text)).toEqual(value);
  });
});
