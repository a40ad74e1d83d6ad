/** The deployment files as data, and the schemas that they are held against. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';
import { parseEventStoreDbAddress } from '../../src/adapters/eventstoredb/address.ts';
import { parseKafkaAddress } from '../../src/adapters/kafka/address.ts';
import { parseMongoAddress } from '../../src/adapters/mongodb/address.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Paths within the folder, however deep. */
export const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort();

// biome-ignore lint/suspicious/noExplicitAny: what others' formats hold is checked by their schemas, not by ours
export type Document = any;

/** `!reset []`, by which a later compose file takes away what an earlier one set. */
const RESET = { tag: '!reset', collection: 'seq' } as const;

/** Every document of a YAML file; throws for what is no YAML, and for a key that is there twice. */
export function documentsOf(file: string): Document[] {
  return parseAllDocuments(textOf(file), { customTags: [RESET], strict: true }).map((document) => {
    const [trouble] = [...document.errors, ...document.warnings];
    if (trouble !== undefined) throw new Error(`${file}: ${trouble.message}`);
    return document.toJS();
  });
}

export function documentOf(file: string): Document {
  const [document, ...others] = documentsOf(file);
  if (others.length > 0) throw new Error(`${file} holds more than one document`);
  return document;
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

const composeSchema = ajv.compile(JSON.parse(textOf('deploy/schemas/compose-spec.json')));

/** What the compose specification has against the document. */
export function againstComposeSpec(document: Document): string[] {
  return composeSchema(document) ? [] : troublesOf(composeSchema.errors);
}

const kubernetes = JSON.parse(textOf('deploy/schemas/kubernetes.json')) as { readonly $defs: Record<string, Document> };
ajv.addSchema(kubernetes, 'kubernetes');

/** What Kubernetes has against the document; fields that it does not know count. */
export function againstKubernetes(document: Document): string[] {
  const definition = Object.entries(kubernetes.$defs).find(([, schema]) =>
    (schema['x-kubernetes-group-version-kind'] ?? []).some(
      ({ group, version, kind }: { group: string; version: string; kind: string }) =>
        kind === document.kind && [group, version].filter((part) => part !== '').join('/') === document.apiVersion,
    ),
  );
  if (definition === undefined) return [`${document.apiVersion} ${document.kind} is not among the schemas`];
  const validate = ajv.compile({ $ref: `kubernetes#/$defs/${definition[0]}` });
  return validate(document) ? [] : troublesOf(validate.errors);
}

function troublesOf(errors: typeof composeSchema.errors): string[] {
  return (errors ?? []).map(({ instancePath, message, params }) => {
    const { additionalProperty, unevaluatedProperty } = params;
    return [instancePath, message, additionalProperty ?? unevaluatedProperty ?? ''].join(' ').trim();
  });
}

const CONFIG = textOf('src/config/environment.ts');

/** Is it a variable that `src/config/environment.ts` reads? `..._FILE` is held against what it does with it, in the tests. */
export function isVariable(name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(CONFIG);
}

/** Of the image: where it listens, and as whom it runs. */
export const DOCKERFILE = textOf('Dockerfile');

export const IMAGE_PORT = Number(/\bPORT=(\d+)/.exec(DOCKERFILE)?.[1]);

const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };

export const OWN_IMAGE = `tapedeck:${version}`;

/** With all three numbers, so that the same file starts the same thing tomorrow. */
export function isPinned(image: string): boolean {
  return /^[^:\s]+:v?\d+\.\d+\.\d+(-[\w.-]+)?(@sha256:[0-9a-f]{64})?$/.test(image);
}

export interface Addresses {
  readonly eventStore: string;
  readonly readStore: string;
  readonly kafka: string;
}

/** Host and port of each engine, as the adapters understand the addresses; throws for one that they do not. */
export function backendsAt({ eventStore, readStore, kafka }: Addresses): { readonly host: string; readonly port: number }[] {
  const { endpoints } = parseEventStoreDbAddress(eventStore);
  const places = [
    ...endpoints.map(({ address, port }) => `${address}:${port}`),
    parseMongoAddress(readStore).place.replace(/\/.*$/, ''),
    ...parseKafkaAddress(kafka).brokers,
  ];
  return places.map((place) => {
    const [host = '', port] = place.split(':');
    return { host, port: Number(port) };
  });
}
