import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { controlOf } from './control.ts';
import { WALL_CLOCK } from './core/clock.ts';
import { listen } from './server.ts';
import { readRecording } from './venues/binance-spot/recording.ts';
import { standardBinanceSpot } from './venues/binance-spot/standard.ts';

const HELP = `npm run exchange-simulator -- [--port 4700] [--seed 1]

Serves Binance Spot (REST, streams, WebSocket API) on 127.0.0.1, living through the recordings in data/ and then on.
Keys: simulator-key, simulator-withdraw, simulator-read, simulator-other; secret of each: simulator-secret.
/simulator/state, /simulator/book and /simulator/faults show and steer it.
`;

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4700' }, seed: { type: 'string', default: '1' }, help: { type: 'boolean' } },
});

if (values.help === true) {
  process.stdout.write(HELP);
} else {
  const data = join(import.meta.dirname, '../data');
  const recordings = ['spot_btcusdt_20240808.jsonl.gz', 'spot_btcusdt_20240809.jsonl.gz'].map((name) => join(data, name));
  const running = standardBinanceSpot(WALL_CLOCK, readRecording(recordings), Number(values.seed));
  const listening = await listen(running.venue, Number(values.port), controlOf(running.exchange));
  process.stdout.write(`Binance Spot: http://127.0.0.1:${listening.port} and ws://127.0.0.1:${listening.port}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      running.stop();
      void listening.close().then(() => process.exit(0));
    });
  }
}
