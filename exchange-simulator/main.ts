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

/** Ends the program with one sentence about what its user did. */
function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function options(): { port: number; seed: number; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4700' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
    const [port, seed] = [Number(values.port), Number(values.seed)];
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      refuse(`--port ${values.port}: give a whole number from 0 (any free port) to 65535.`);
    if (!Number.isSafeInteger(seed)) refuse(`--seed ${values.seed}: give a whole number.`);
    return { port, seed, help: values.help };
  } catch (error) {
    return refuse(`${(error as Error).message} Try --help.`);
  }
}

const { port, seed, help } = options();
if (help) {
  process.stdout.write(HELP);
} else {
  const data = join(import.meta.dirname, '../data');
  const recordings = ['spot_btcusdt_20240808.jsonl.gz', 'spot_btcusdt_20240809.jsonl.gz'].map((name) => join(data, name));
  const running = standardBinanceSpot(WALL_CLOCK, readRecording(recordings), seed);
  const listening = await listen(running.venue, port, controlOf(running.exchange)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') return refuse(`Port ${port} is in use: give another with --port.`);
    throw error;
  });
  process.stdout.write(`Binance Spot: http://127.0.0.1:${listening.port} and ws://127.0.0.1:${listening.port}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      running.stop();
      void listening.close();
    });
  }
}
