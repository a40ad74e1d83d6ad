/** The JSON Schema of a settings file, by which editors complete it and check it as it is written. */

import { z } from 'zod';
import { decimalText } from '../domain/event.ts';
import { settingsFile } from '../domain/settings/settings.ts';
import { STRATEGY_KINDS } from '../domain/strategy/strategies.ts';

type Schema = Record<string, unknown>;

const DESCRIPTION =
  'Instruments, feeds, accounts with risk limits, and strategies. "./tapedeck settings check FILE" says what it would change.';

/** Settings have no decimal below zero. */
const DECIMAL = '^(0|[1-9][0-9]{0,29})([.][0-9]{1,24})?$';

/**
 * The published file, `settings/schema.json`, JSON Schema 2020-12. It says what each part looks like; what the parts
 * must say of each other is for `settings check`.
 */
export function settingsSchemaText(): string {
  const { $schema, ...schema } = toJsonSchema(settingsFile);
  nameKinds(schema);
  return `${JSON.stringify({ $schema, title: 'Settings of Tapedeck', description: DESCRIPTION, ...schema }, null, 2)}\n`;
}

function toJsonSchema(type: z.ZodType): Schema {
  return z.toJSONSchema(type, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (isDecimalType(zodSchema)) jsonSchema.pattern = DECIMAL;
    },
  });
}

/** Decimals are told by their check, which a schema made from another keeps and JSON Schema has no word for. */
function isDecimalType({ _zod }: z.core.$ZodType): boolean {
  const [check] = decimalText._zod.def.checks ?? [];
  return check !== undefined && 'checks' in _zod.def && (_zod.def.checks as unknown[]).includes(check);
}

/** The strategy kinds that there are, each with its own figures. */
function nameKinds(schema: Schema): void {
  const { strategies } = schema.properties as { strategies: { items: Schema } };
  const { properties } = strategies.items as { properties: { kind: Schema } };
  properties.kind = { enum: STRATEGY_KINDS.map(({ kind }) => kind), description: properties.kind.description };
  strategies.items.allOf = STRATEGY_KINDS.map(({ kind, params }) => {
    const { $schema: _, ...figures } = toJsonSchema(params);
    // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
    return { if: { properties: { kind: { const: kind } } }, then: { properties: { params: figures } } };
  });
}
