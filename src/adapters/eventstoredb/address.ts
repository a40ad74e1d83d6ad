/**
 * The address of an EventStoreDB: `esdb://[user:password@]host[:port][,host[:port]...][?option=value&...]`, or
 * `esdb+discover://` for a cluster found by DNS. Read here and not by the client, which prints addresses whole, with the
 * password, when it does not like them.
 */

import { StoreError } from '../../ports/errors.ts';
import { MAX_PEM_BYTES, readSmallFile } from '../../text-file.ts';

export interface EventStoreDbAddress {
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
  /** The one endpoint is a name under which DNS knows the cluster. */
  readonly isDiscovered: boolean;
  readonly hasTls: boolean;
  readonly rootCertificate: Buffer | undefined;
  readonly userCertificate: Buffer | undefined;
  readonly userKey: Buffer | undefined;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Milliseconds, those that are given. */
  readonly times: Readonly<Partial<Record<TimeOption, number>>>;
}

const TIME_OPTIONS = ['keepAliveInterval', 'keepAliveTimeout', 'discoveryInterval', 'gossipTimeout'] as const;
type TimeOption = (typeof TIME_OPTIONS)[number];
const OPTIONS = ['tls', 'tlsCAFile', 'userCertFile', 'userKeyFile', 'nodePreference', ...TIME_OPTIONS] as const;
type Option = (typeof OPTIONS)[number];

const FORM = '"esdb://user:password@host:2113?tls=true", with a comma between the hosts of a cluster, or "esdb+discover://..."';
const PATTERN = /^esdb(\+discover)?:\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?(.*))?$/;
const DEFAULT_PORT = 2113;

/** Throws StoreError, without anything secret, for an address that cannot be used. */
export function parseEventStoreDbAddress(address: string): EventStoreDbAddress {
  const match = PATTERN.exec(address.trim());
  if (match === null) throw new StoreError(`the address of the event store is not of the form ${FORM}`);
  const [, discover, login, hosts = '', query = ''] = match;
  const options = readOptions(query);
  const endpoints = hosts.split(',').map(readHost);
  if (discover !== undefined && endpoints.length > 1) {
    throw unusable('"esdb+discover://" takes one name, under which DNS knows all nodes; name the nodes with "esdb://"');
  }
  refuseOtherNodes(options.get('nodePreference'));
  const times: Partial<Record<TimeOption, number>> = {};
  for (const option of TIME_OPTIONS) {
    const text = options.get(option);
    if (text === undefined) continue;
    if (!/^-?\d{1,9}$/.test(text)) throw unusable(`its option "${option}" is no whole number`);
    times[option] = Number(text);
  }
  return {
    endpoints,
    isDiscovered: discover !== undefined,
    hasTls: readBoolean(options, 'tls', true),
    ...readCertificates(options),
    credentials: login === undefined ? undefined : readLogin(login),
    times,
  };
}

function unusable(reason: string): StoreError {
  return new StoreError(`the address of the event store cannot be used: ${reason}`);
}

function readHost(text: string): { address: string; port: number } {
  const match = /^([A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (match === null || port === 0 || port > 65_535)
    throw unusable(`between "//" (or "@") and "?" come hosts, each as host:port; ${FORM}`);
  return { address: match[1] as string, port };
}

function readLogin(text: string): { username: string; password: string } {
  const colon = text.indexOf(':');
  if (colon < 1) throw unusable('before "@" come user and password, with ":" between them');
  try {
    return { username: decodeURIComponent(text.slice(0, colon)), password: decodeURIComponent(text.slice(colon + 1)) };
  } catch {
    throw unusable('user or password hold a "%" that is none of a percent-encoding: write "%25"');
  }
}

function readOptions(query: string): Map<Option, string> {
  const known = new Map<string, Option>(OPTIONS.map((option) => [option.toLowerCase(), option]));
  const options = new Map<Option, string>();
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const option = known.get(name.toLowerCase());
    // What stands there may be half of a password that holds a "?".
    if (option === undefined || equals < 0) throw unusable(`after "?" come options, joined by "&", of ${OPTIONS.join(', ')}`);
    try {
      options.set(option, decodeURIComponent(pair.slice(equals + 1)));
    } catch {
      throw unusable(`its option "${option}" holds a "%" that is none of a percent-encoding: write "%25"`);
    }
  }
  return options;
}

function readBoolean(options: ReadonlyMap<Option, string>, option: Option, isByDefault: boolean): boolean {
  const text = options.get(option);
  if (text === undefined) return isByDefault;
  if (text !== 'true' && text !== 'false') throw unusable(`its option "${option}" must be true or false`);
  return text === 'true';
}

/** What was written is read back, and one page follows another: at a node that lags behind, events would be missing. */
function refuseOtherNodes(preference: string | undefined): void {
  if (preference === undefined || preference.toLowerCase() === 'leader') return;
  throw unusable('its option "nodePreference" must be leader, as other nodes may lag behind what was written');
}

function readCertificates(
  options: ReadonlyMap<Option, string>,
): Pick<EventStoreDbAddress, 'rootCertificate' | 'userCertificate' | 'userKey'> {
  const [certificate, key] = [options.get('userCertFile'), options.get('userKeyFile')];
  if ((certificate === undefined) !== (key === undefined)) throw unusable('"userCertFile" and "userKeyFile" go together');
  return {
    rootCertificate: readPem('tlsCAFile', options.get('tlsCAFile')),
    userCertificate: readPem('userCertFile', certificate),
    userKey: readPem('userKeyFile', key),
  };
}

function readPem(option: Option, file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readSmallFile(file, MAX_PEM_BYTES);
  } catch (error) {
    throw unusable(`the file of its option "${option}" ${(error as Error).message}`);
  }
}
