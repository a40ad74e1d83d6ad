/**
 * Writes `schemas/events/*.json`: the JSON Schema of each event type as it is published, made from the catalogue.
 *
 *     npm run schemas
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { EVENT_TYPES } from '../src/domain/catalogue.ts';
import { decimalText, type EventType, idText, isoTimeText, nonNegativeDecimal, positiveDecimal } from '../src/domain/event.ts';
import { eventMetadata } from '../src/tape/metadata-shape.ts';

const FOLDER = join(import.meta.dirname, '..', 'schemas', 'events');

const DIGITS = '(0|[1-9][0-9]*)([.][0-9]+)?';

/** What the catalogue checks by functions, as patterns. The first that fits counts: a positive decimal is a decimal, too. */
const PATTERNS: readonly (readonly [z.ZodType, string])[] = [
  [positiveDecimal, `^(?=.*[1-9])${DIGITS}$`],
  [nonNegativeDecimal, `^${DIGITS}$`],
  [decimalText, `^-?${DIGITS}$`],
  [isoTimeText, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$'],
];

/** File name to content, for every event type that there is. */
export function eventSchemas(): ReadonlyMap<string, string> {
  return new Map(EVENT_TYPES.map((type) => [`${type.type}.json`, `${JSON.stringify(schemaOf(type), null, 2)}\n`]));
}

function schemaOf({ type, version, schema }: EventType): object {
  const envelope = z.strictObject({
    id: idText,
    stream: z.string().min(1),
    revision: z.int().nonnegative().describe('Number within the stream, from 0.'),
    position: z.string().regex(/^\d+$/).describe('Place on the tape: ordered there, and of no use elsewhere.'),
    type: z.literal(type),
    schemaVersion: z.literal(version),
    data: schema,
    metadata: eventMetadata,
  });
  const { $schema, ...shape } = z.toJSONSchema(envelope, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const pattern = PATTERNS.find(([known]) => isMadeFrom(zodSchema, known))?.[1];
      if (pattern !== undefined) jsonSchema.pattern = pattern;
    },
  });
  return { $schema, title: `${type}, version ${version}`, ...shape };
}

/** A type keeps the checks of the one that it was made from. */
function isMadeFrom({ _zod }: z.core.$ZodType, known: z.ZodType): boolean {
  const check = known._zod.def.checks?.at(-1);
  return check !== undefined && 'checks' in _zod.def && (_zod.def.checks as unknown[]).includes(check);
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  const schemas = eventSchemas();
  for (const file of readdirSync(FOLDER)) if (!schemas.has(file)) rmSync(join(FOLDER, file));
  for (const [file, text] of schemas) writeFileSync(join(FOLDER, file), text);
}
