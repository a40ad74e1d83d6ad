import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { controlOf } from './control.ts';
import { WALL_CLOCK } from './core/clock.ts';
import type { Venue } from './core/venue.ts';
import { listen } from './server.ts';
import { readRecording } from './venues/binance/recording.ts';
import { standardBinanceSpot } from './venues/binance-spot/standard.ts';
import { standardBinanceUsdm } from './venues/binance-usdm/standard.ts';
import { standardBybit } from './venues/bybit/standard.ts';
import { readRecording as readOkxRecording } from './venues/okx/recording.ts';
import { standardOkx } from './venues/okx/standard.ts';

interface Running {
  readonly exchange: Parameters<typeof controlOf>[0];
  readonly venue: Venue;
  stop(): void;
}

/** What one of Binance's markets lives through. */
function recorded(...names: readonly string[]): ReturnType<typeof readRecording> {
  return readRecording(names.map((name) => join(import.meta.dirname, '../data', name)));
}

/** By the name that `--venue` takes: its title, and how it begins. */
const VENUES: Readonly<Record<string, { readonly title: string; readonly run: (seed: number) => Running }>> = {
  'binance-spot': {
    title: 'Binance Spot',
    run: (seed) =>
      standardBinanceSpot(WALL_CLOCK, recorded('spot_btcusdt_20240808.jsonl.gz', 'spot_btcusdt_20240809.jsonl.gz'), seed),
  },
  'binance-usdm': {
    title: 'Binance USD-M futures',
    run: (seed) => standardBinanceUsdm(WALL_CLOCK, recorded('usdm_btcusdt_20240718_head.jsonl.gz'), seed),
  },
  bybit: { title: 'Bybit', run: (seed) => standardBybit(WALL_CLOCK, seed) },
  okx: {
    title: 'OKX',
    run(seed) {
      const recording = join(import.meta.dirname, 'venues/okx/data/okx_public_20220513.ws.gz');
      return standardOkx(WALL_CLOCK, readOkxRecording(recording, 'BTC-USDT'), seed);
    },
  },
};

const HELP = `npm run exchange-simulator -- [--venue binance-spot] [--port 4700] [--seed 1]

Serves a venue on 127.0.0.1 by its own protocol: ${Object.keys(VENUES).join(', ')}.
Binance Spot, Binance USD-M and OKX live through recordings and then on; Bybit's markets are made up.
Binance USD-M is market data: it has no keys and no orders.
Keys: simulator-key, simulator-withdraw, simulator-read, simulator-other; secret of each: simulator-secret.
OKX wants a passphrase beside it: simulator-pass.
/simulator/state, /simulator/book and /simulator/faults show and steer it.
`;

/** Ends the program with one sentence about what its user did. */
function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function options(): { venue: string; port: number; seed: number; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        venue: { type: 'string', default: 'binance-spot' },
        port: { type: 'string', default: '4700' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
    const [port, seed] = [Number(values.port), Number(values.seed)];
    if (!Object.hasOwn(VENUES, values.venue)) refuse(`--venue ${values.venue}: give one of ${Object.keys(VENUES).join(', ')}.`);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      refuse(`--port ${values.port}: give a whole number from 0 (any free port) to 65535.`);
    if (!Number.isSafeInteger(seed)) refuse(`--seed ${values.seed}: give a whole number.`);
    return { venue: values.venue, port, seed, help: values.help };
  } catch (error) {
    return refuse(`${(error as Error).message} Try --help.`);
  }
}

const { venue, port, seed, help } = options();
if (help) {
  process.stdout.write(HELP);
} else {
  const { title, run } = VENUES[venue] as (typeof VENUES)[string];
  const running = run(seed);
  const listening = await listen(running.venue, port, controlOf(running.exchange)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') return refuse(`Port ${port} is in use: give another with --port.`);
    throw error;
  });
  process.stdout.write(`${title}: http://127.0.0.1:${listening.port} and ws://127.0.0.1:${listening.port}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      running.stop();
      void listening.close();
    });
  }
}
