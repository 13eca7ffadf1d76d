import * as z from 'zod';
import { rejectable } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

/** Schema of the section `scoring`. */
export const scoring = z
  .strictObject({
    columns: z.enum(['keys', 'all']).default('keys').describe('Columns copied from the candidates to the scores.'),
    max_rejected: rejectable.default(0.1).describe('Share of bad rows in a candidate file above which the file fails.'),
    max_unknown: rejectable
      .nullable()
      .default(null)
      .describe("Share of a feature's values in a candidate file, unknown to the model, above which the file fails."),
    max_missing: rejectable
      .nullable()
      .default(null)
      .describe('Share of the rows of a candidate file without a value of a feature above which the file fails.'),
  })
  .transform(camelKeys)
  .prefault({})
  .describe('What the score files hold.');

/** What score files hold, and the shares of a candidate file's rows and values that may be bad. */
export interface ScoringChoice extends z.output<typeof scoring> {}
