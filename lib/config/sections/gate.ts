import * as z from 'zod';
import { parseDuration } from '../units.ts';
import { duration, factor, featureName, pcocLimits, positive, rejectable, share, whole } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

/** Schema of a declaration's section `gate`; a section that is left out has every default. */
export const gate = z
  .strictObject({
    min_conversions: whole(1)
      .default(200)
      .describe('Conversions that the compared rows must have before metrics decide anything.'),
    max_age: duration
      .nullable()
      .default('30d')
      .describe('Age from which a version that is as good replaces the current one; null for never.'),
    tolerance: share
      .default(0.002)
      .describe(
        'What "as good" means for max_age: the loss is higher by at most this share of the current version\'s loss.',
      ),
    // The ratio is known as PCOC, predicted clicks over clicks.
    pcoc: pcocLimits
      .default([0.67, 1.5])
      .describe('Lowest and highest allowed sum of the predicted probabilities divided by the sum of the labels.'),
    // The factor applies in both directions: the rate may be that many times higher or lower.
    label_rate: factor
      .default(1.5)
      .describe("Factor by which a label's rate may differ from the current version's training rate."),
    max_unknown: rejectable.default(0.8).describe("Share of a feature's values that may be unknown to the encoder."),
    max_rise: rejectable
      .default(0.2)
      .describe(
        "By how much a feature's share of missing values, or of unknown ones, may exceed that of the current version.",
      ),
    trusted: z
      .array(featureName)
      .default([])
      .describe(
        'Features whose values are right though they tell a label alone, are missing, unknown or all the same.',
      ),
    lasting_after: whole(1)
      .nullable()
      .default(3)
      .describe(
        'Refusals in a row for the same change, on different data, after which it is accepted; null for never.',
      ),
    drift: positive
      .nullable()
      .default(null)
      .describe("Highest allowed population stability index between both versions' probabilities; null for no limit."),
  })
  .transform(({ max_age, ...gate }) =>
    camelKeys({ ...gate, max_age_ms: max_age === null ? null : parseDuration(max_age) }),
  )
  .prefault({})
  .describe('Limits that decide whether a new version becomes the current one automatically.');

/** The parsed section `gate`: the limits, in camel case, with `maxAgeMs` in milliseconds or `null` for never. */
export interface GateChoice extends z.output<typeof gate> {}
