import { recordingFeed } from '../../../src/adapters/recordings/recording.ts';
import { feedContract } from '../../contracts/feed.ts';
import { SECONDS_FEED } from '../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../support/fixtures.ts';

const FRAMES = 'data/spot_btcusdt_20240808.jsonl.gz';
const CANDLES = 'data/coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz';
const { depth: _, ...noDepth } = SECONDS_FEED;
const market = { venue: 'coinbase', symbol: 'BTC-USD' };

feedContract('a recording of frames', () => recordingFeed([FRAMES], SECONDS_FEED, BTCUSDT));
feedContract('a recording of candles', () =>
  recordingFeed(
    [CANDLES],
    { ...noDepth, ...market, bars: '4h', rollups: ['1d'] },
    { ...BTCUSDT, ...market, base: 'BTC', quote: 'USD', quantityScale: 8 },
  ),
);
