import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeId } from '../../src/tape/id.ts';

/** UUIDv5 by RFC 9562, 5.5, byte by byte. */
function uuidV5(namespace: Buffer, name: string): string {
  const bytes = createHash('sha1').update(namespace).update(Buffer.from(name, 'utf8')).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** "tapedeck.events." */
const NAMESPACE = Buffer.from('746170656465636b2e6576656e74732e', 'hex');

describe('an id', () => {
  it('is the UUIDv5 of its name in a namespace of 16 bytes', () => {
    expect(NAMESPACE).toHaveLength(16);
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => makeId(name) === uuidV5(NAMESPACE, name)));
  });

  it('has the version and the variant of a UUIDv5', () => {
    fc.assert(
      fc.property(fc.string(), (name) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(makeId(name)),
      ),
    );
  });

  it('never changes: tapes hold it', () => {
    expect(makeId('BarClosed|binance|BTCUSDT|1s|2024-08-08T23:54:15.000Z')).toBe('a8773d37-675d-5574-b64d-e24a3c2e85c2');
    expect(makeId('a')).not.toBe(makeId('b'));
  });

  it('agrees with the example of RFC 9562, A.4, where the independent calculation is concerned', () => {
    const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    expect(uuidV5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });
});
