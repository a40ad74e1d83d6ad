import type { Exchange } from '../../../exchange/exchange.ts';
import { type InstrumentType, typeOf } from '../instruments.ts';
import { OkxError } from '../requests/errors.ts';
import { isCandleChannel } from './channel-hub.ts';
import type { ChannelArg } from './private-channels.ts';

export type Endpoint = 'public' | 'private' | 'business';

/** Channels of one instrument, those of a type of instruments, and those of an account. */
const PUBLIC = ['books', 'books5', 'bbo-tbt', 'tickers', 'trades', 'mark-price', 'index-tickers', 'funding-rate'];
const PUBLIC_BY_TYPE = ['instruments', 'status'];
const BUSINESS = ['trades-all'];
const PRIVATE = ['orders', 'account', 'positions', 'balance_and_position'];

/** Only for users who trade much. */
const TIERED = ['books-l2-tbt', 'books50-l2-tbt', 'fills'];
const ONLY: Readonly<Record<string, InstrumentType>> = {
  'index-tickers': 'SPOT',
  'mark-price': 'SWAP',
  'funding-rate': 'SWAP',
};
const INSTRUMENT_TYPES = ['SPOT', 'MARGIN', 'SWAP', 'FUTURES', 'OPTION', 'ANY'];

/** Throws what OKX answers to a subscription that it does not accept: wrong address, unknown, not logged in, not allowed. */
export function checkChannel(exchange: Exchange, endpoint: Endpoint, arg: ChannelArg, isLoggedIn: boolean): void {
  const { channel = '', instId = '', instType } = arg;
  const home = endpointOf(channel);
  if (home === undefined) throw doesNotExist(arg);
  if (home !== endpoint) throw wrongAddress(home, endpoint, channel);
  if (TIERED.includes(channel)) {
    throw new OkxError(64003, "Your trading fee tier doesn't meet the requirement to access this channel");
  }
  if (endpoint === 'private') {
    if (!isLoggedIn) throw new OkxError(60011, 'Please log in');
    if (channel === 'orders' && !INSTRUMENT_TYPES.includes(instType ?? '')) throw doesNotExist(arg);
    return;
  }
  if (PUBLIC_BY_TYPE.includes(channel)) return;
  const market = exchange.markets.get(instId);
  const only = ONLY[channel];
  if (market === undefined || (only !== undefined && typeOf(market) !== only)) throw doesNotExist(arg);
}

/** How the hub calls it. */
export function topicOf({ channel = '', instId, instType }: ChannelArg): string {
  return `${instId ?? instType ?? ''}:${channel}`;
}

function endpointOf(channel: string): Endpoint | undefined {
  if (isCandleChannel(channel) || BUSINESS.includes(channel)) return 'business';
  if (PRIVATE.includes(channel) || channel === 'fills') return 'private';
  return [...PUBLIC, ...PUBLIC_BY_TYPE, ...TIERED].includes(channel) ? 'public' : undefined;
}

function doesNotExist(arg: ChannelArg): OkxError {
  const name = Object.entries(arg)
    .map(([key, value]) => `${key}:${value}`)
    .join(',');
  return new OkxError(
    60018,
    `Wrong URL or ${name} doesn't exist. Please use the correct URL, channel and parameters referring to API document.`,
  );
}

function wrongAddress(home: Endpoint, endpoint: Endpoint, channel: string): OkxError {
  const more =
    'More details can refer to: https://www.okx.com/help-center/changes-to-v5-api-websocket-subscription-parameter-and-url.';
  if (home === 'business') {
    return new OkxError(
      64001,
      `This channel has been migrated to the '/business' URL. Please subscribe using the new URL. ${more}`,
    );
  }
  if (endpoint === 'business') {
    return new OkxError(
      64002,
      `This channel is not supported by "/business" URL. Please use "/private" URL(for private channels), or "/public" URL(for public channels). ${more}`,
    );
  }
  return new OkxError(
    60008,
    `The current WebSocket endpoint does not support subscribing to ${channel} channels. Please check the WebSocket URL`,
  );
}
