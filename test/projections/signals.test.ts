import { describe, expect, it } from 'vitest';
import { signals } from '../../src/projections/signals.ts';
import { fold, noon, REQUEST, recorded } from './recorded.ts';

function signal(position: number, occurredAt: string) {
  const data = {
    strategy: 'golden-cross',
    venue: 'coinbase',
    symbol: 'BTC-USD',
    interval: '1d' as const,
    side: 'buy' as const,
    barOpenTime: noon(-1),
    barCloseTime: noon(0),
    barSource: 'recording' as const,
    reason: { fastSum: '1' },
    settingsHash: 'a'.repeat(64),
  };
  return recorded(position, 'SignalGenerated', 'signals-golden-cross', data, occurredAt);
}

describe('signals', () => {
  it('are one document each, with what caused them', () => {
    const [document] = fold(signals, [signal(5, noon(0))]).values();
    expect(document).toMatchObject({
      strategy: 'golden-cross',
      side: 'buy',
      reason: { fastSum: '1' },
      at: noon(0),
      recordedAt: noon(3605),
      correlationId: REQUEST,
      position: '5',
    });
  });

  it('sort by time, and at the same time by their place on the tape', () => {
    const documents = [...fold(signals, [signal(9, noon(1)), signal(10, noon(1)), signal(100, noon(0))]).values()];
    const sorted = documents.sort((a, b) => (String(a.sequence) < String(b.sequence) ? -1 : 1));
    expect(sorted.map(({ position }) => position)).toEqual(['100', '9', '10']);
  });

  it('fall into a range of times by the same text', () => {
    const [document] = fold(signals, [signal(5, noon(1))]).values();
    const sequence = String(document?.sequence);
    expect(sequence >= noon(1) && sequence < noon(2)).toBe(true);
    expect(sequence < noon(1)).toBe(false);
  });
});
