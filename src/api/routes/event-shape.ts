/** Events as the API shows them: the envelope, with the data of each type. */

import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/catalogue.ts';
import { type EventType, idText } from '../../domain/event.ts';
import { eventMetadata } from '../../tape/metadata-shape.ts';
import { position } from '../http/query.ts';
import { configuredStrategy } from './strategy-shapes.ts';

function shapeOf({ type, version, schema }: EventType) {
  return z
    .strictObject({
      id: idText,
      stream: z.string(),
      revision: z.int().nonnegative(),
      position,
      type: z.literal(type),
      schemaVersion: z.literal(version),
      data: type === 'StrategyConfigured' ? configuredStrategy : schema,
      metadata: eventMetadata,
    })
    .meta({ id: `${type}Event` });
}

/** The shape of an event, by its type. */
const mapping = Object.fromEntries(EVENT_TYPES.map(({ type }) => [type, `#/components/schemas/${type}Event`]));

/** Every type of event that this build reads. */
export const eventShape = z
  .discriminatedUnion('type', EVENT_TYPES.map(shapeOf) as [ReturnType<typeof shapeOf>])
  .meta({ id: 'Event', discriminator: { propertyName: 'type', mapping } });
