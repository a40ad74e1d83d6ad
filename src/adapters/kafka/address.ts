/** The address of Kafka: brokers, who we are to them, and what our topics are to be. */

import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';
import { StoreError } from '../../ports/errors.ts';
import { MAX_PEM_BYTES, readTextFile } from '../../text-file.ts';

export interface KafkaAddress {
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly ssl: ConnectionOptions | null;
  readonly sasl: SASLOptions | null;
  /** Begins the name of every topic, of the transactional id and of consumer groups. */
  readonly prefix: string;
  /** Of every topic but the checkpoint's. */
  readonly partitions: number;
  /** Copies of each partition, and how many must have a record before it counts; null: as the brokers have it. */
  readonly replication: number | null;
  readonly minInSync: number | null;
}

export const ADDRESS_FORM =
  'host:port[,host:port...], or kafka[+ssl]://[user:password@]host:port[,...][?prefix=NAME&partitions=N&replication=N&min-insync=N&sasl=plain|scram-sha-256|scram-sha-512&ca=FILE]';

const USUAL_PREFIX = 'tapedeck';
const USUAL_PARTITIONS = 6;
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const SPECIAL = 'in user and password, "@", ":", "/", "?", "#" and "%" are written as %40, %3A, %2F, %3F, %23 and %25';
const OPTIONS = ['prefix', 'partitions', 'replication', 'min-insync', 'sasl', 'ca'];

/** Reads an address. Throws StoreError, which names what is wrong and never shows the password. */
export function parseKafkaAddress(text: string): KafkaAddress {
  const parts = /^(?:(kafka(?:\+ssl)?):\/\/)?(?:([^@/?#]*)@)?([^@/?#]+)\/?(?:\?(.*))?$/.exec(text);
  if (parts === null) throw malformed(`it is not of the form ${ADDRESS_FORM}`);
  const [, scheme, credentials, hosts = '', query = ''] = parts;
  // The rest of a password that has a question mark.
  if (query.includes('@')) throw malformed(SPECIAL);
  const options = new URLSearchParams(query);
  for (const name of options.keys()) {
    if (!OPTIONS.includes(name)) throw malformed(`"${name}" is no option of it; there are ${OPTIONS.join(', ')}`);
  }
  const ca = options.get('ca');
  if (ca !== null && scheme !== 'kafka+ssl') throw malformed('a certificate authority (ca) is for kafka+ssl:// only');
  const replication = count(options, 'replication', 99);
  const minInSync = count(options, 'min-insync', 99);
  if (replication !== null && minInSync !== null && minInSync > replication) {
    throw malformed(`min-insync=${minInSync} is more than replication=${replication}: nothing could ever be published`);
  }
  return {
    brokers: hosts.split(',').map(broker),
    ssl: scheme === 'kafka+ssl' ? { ...(ca === null ? {} : { ca: certificate(ca) }) } : null,
    sasl: saslOf(credentials, options.get('sasl')),
    prefix: prefixOf(options.get('prefix') ?? USUAL_PREFIX),
    partitions: count(options, 'partitions', 1_000) ?? USUAL_PARTITIONS,
    replication,
    minInSync,
  };
}

function broker(text: string): string {
  const [, host, port] = /^([A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(text.trim()) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    // What does not look like one may hold a password, and is not shown.
    const shown = /^[A-Za-z0-9._-]*(:\d*)?$/.test(text.trim()) ? `"${text.trim()}"` : 'what stands for one';
    throw malformed(`${shown} is no broker: it must be host:port, such as kafka-1:9092; ${SPECIAL}`);
  }
  return `${host}:${port}`;
}

function saslOf(credentials: string | undefined, mechanism: string | null): SASLOptions | null {
  if (credentials === undefined) {
    if (mechanism !== null) throw malformed('sasl is given, but no user:password@ before the brokers');
    return null;
  }
  const colon = credentials.indexOf(':');
  if (colon < 1)
    throw malformed('before the "@" there must be user:password, with percent signs for what is special in an address');
  const known = MECHANISMS.find((name) => name === (mechanism ?? 'plain'));
  if (known === undefined) throw malformed(`sasl must be one of ${MECHANISMS.join(', ')}`);
  try {
    const username = decodeURIComponent(credentials.slice(0, colon));
    return { mechanism: known, username, password: decodeURIComponent(credentials.slice(colon + 1)) };
  } catch {
    throw malformed('user or password have a percent sign that is not one of an address: write it as %25');
  }
}

function prefixOf(text: string): string {
  if (/^[A-Za-z0-9._-]{1,100}$/.test(text)) return text;
  throw malformed(`prefix "${text}" must be 1 to 100 letters, digits, ".", "_" or "-"`);
}

function count(options: URLSearchParams, name: string, most: number): number | null {
  const text = options.get(name);
  if (text === null) return null;
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= most) return Number(text);
  throw malformed(`${name} must be a number from 1 to ${most}`);
}

function certificate(file: string): string {
  try {
    return readTextFile(file, MAX_PEM_BYTES);
  } catch (error) {
    throw malformed(`the certificate authority "${file}" ${(error as Error).message}`);
  }
}

function malformed(what: string): StoreError {
  return new StoreError(`the address of Kafka (TAPEDECK_KAFKA) cannot be used: ${what}`);
}
