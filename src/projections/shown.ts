/** The fields of a document that are shown, and their place in the stored document. */

import type { ReadDocument } from '../ports/read-store.ts';
import type { Projection } from './projection.ts';

/** The document as it is stored: the shown fields, its position, the hidden fields. Stores cut the shown text at the position. */
export function arranged(projection: Pick<Projection, 'hidden'>, document: object, position: string): ReadDocument {
  const fields = document as Record<string, unknown>;
  const stored: Record<string, unknown> & { _position: string } = { ...shown(projection, document), _position: position };
  for (const field of projection.hidden ?? []) stored[field] = fields[field];
  return stored;
}

/** The document as it is shown: without its position and its hidden fields. */
export function shown({ hidden = [] }: Pick<Projection, 'hidden'>, document: object): Record<string, unknown> {
  return without(['_position', ...hidden], document);
}

/** A shown document as it stands in a list: without its details. */
export function listed({ details = [] }: Pick<Projection, 'details'>, document: object): Record<string, unknown> {
  return without(details, document);
}

/** The same for a document's text. Parsing it takes time, so only those with details are parsed. */
export function listedText(projection: Pick<Projection, 'details'>, text: string): string {
  return projection.details === undefined ? text : JSON.stringify(listed(projection, JSON.parse(text)));
}

function without(left: readonly string[], document: object): Record<string, unknown> {
  const fields = document as Record<string, unknown>;
  const kept: Record<string, unknown> = {};
  for (const field of Object.keys(fields)) if (!left.includes(field)) kept[field] = fields[field];
  return kept;
}
