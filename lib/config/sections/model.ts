import * as z from 'zod';
import { atMost, whole } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

/** Names of the networks. Each has a file in `lib/model/models/`. */
const MODEL_TYPES = ['esmm', 'esmm-ns', 'base', 'aman', 'oversampling'] as const;

/** Schema of the section `model`. */
export const model = z
  .strictObject({
    type: z.enum(MODEL_TYPES).default('esmm').describe('The network and its objective.'),
    hidden_units: z
      .array(whole(1, 16_384))
      .min(1, 'at least one layer')
      .max(20, 'at most 20 layers')
      .default([200, 80])
      .describe("Units of each tower's hidden layers."),
    /** The sum by entity is that of figure 2 of arXiv 1804.07931. */
    fields: z
      .enum(['concatenate', 'sum_by_entity'])
      .default('concatenate')
      .describe('Embeddings side by side, or summed over the features of an entity.'),
    rate: atMost(1)
      .optional()
      .describe('With type aman: share of the rows without a click that train the CVR tower. Default: 0.2.'),
    factor: whole(2, 1000)
      .optional()
      .describe('With type oversampling: how often a row with a conversion trains the CVR tower. Default: 5.'),
  })
  .transform(camelKeys)
  .prefault({})
  .describe('Which network is trained.');

/** Settings that some types have. The defaults are those of the type's file in `lib/model/models/`. */
export interface TypeSettings extends Pick<ModelChoice, 'rate' | 'factor'> {}

/** Which network is trained, and how large it is. */
export interface ModelChoice extends z.output<typeof model> {}
