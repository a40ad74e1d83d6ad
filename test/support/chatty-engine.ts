/** An engine that decides on every bar, in several streams by turns, besides longer bars. */

import { Engine } from '../../src/domain/engine/engine.ts';
import type { Reactor } from '../../src/domain/engine/reactor.ts';
import { barsReactor } from '../../src/domain/market/bars-reactor.ts';
import { signalsStream } from '../../src/domain/streams.ts';
import { makeId } from '../../src/tape/id.ts';

const SPEAKERS = ['ann', 'bob', 'cid', 'dee', 'eve'];

/** How many speak on a bar, and who begins, follows from how often there was talk: so adoption can be told from deciding. */
const talk = (text: string): Reactor<{ said: number }> => ({
  name: 'talk',
  start: () => ({ said: 0 }),
  evolve: (state, event) => {
    if (event.type === 'SignalGenerated') state.said++;
  },
  decide: (state, event, { emit }) => {
    if (event.type !== 'BarClosed' || event.data.interval !== '1m') return;
    const { venue, symbol, interval, openTime, closeTime, source } = event.data;
    const [first, count] = [(state.said * 7) % SPEAKERS.length, 1 + (state.said % 3)];
    for (let index = 0; index < count; index++) {
      const strategy = SPEAKERS[(first + index * 2) % SPEAKERS.length] as string;
      emit('SignalGenerated', signalsStream(strategy), {
        strategy,
        venue,
        symbol,
        interval,
        side: 'buy',
        barOpenTime: openTime,
        barCloseTime: closeTime,
        barSource: source,
        reason: { said: state.said, text },
        settingsHash: 'a'.repeat(64),
      });
    }
  },
});

/** `text` is in each of its decisions. */
export function chattyEngine(codeVersion: string, text = ''): Engine {
  return new Engine([barsReactor, talk(text)], makeId, codeVersion);
}
