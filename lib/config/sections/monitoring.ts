import * as z from 'zod';
import { parseDuration } from '../units.ts';
import { column, duration } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

const PAIR = 'two limits, of watch and of act, the lower first: [0.1, 0.3]; null for none';
const AGES = 'two durations, of watch and of act, the shorter first: [2d, 4d]; null for none';

const bound = z.number(PAIR).gt(0, PAIR).nullable();
const limits = z
  .tuple([bound, bound], PAIR)
  .refine(([watch, act]) => watch === null || act === null || watch <= act, PAIR)
  .transform(([watch, act]) => ({ watch, act }));

const ages = z
  .tuple([duration.nullable(), duration.nullable()], AGES)
  .refine(([watch, act]) => watch === null || act === null || parseDuration(watch) <= parseDuration(act), AGES);

/** Schema of the section `monitoring`. */
export const monitoring = z
  .strictObject({
    pcoc: limits
      .default({ watch: 0.1, act: 0.3 })
      .describe('By how much predicted over observed, or its inverse, may exceed 1 on a day.'),
    auc: limits
      .default({ watch: 0.03, act: 0.1 })
      .describe('By how much the AUC of a day may be below the one that its scores lead to expect.'),
    scores: limits
      .default({ watch: 0.1, act: 0.25 })
      .describe("Population stability index between a day's scores and those of the week before."),
    missing: limits
      .default({ watch: 0.05, act: 0.25 })
      .describe("By how much a feature's share of rows without a value may exceed the one at training."),
    unknown: limits
      .default({ watch: 0.1, act: 0.4 })
      .describe("By how much a feature's share of unknown values may exceed the one at training."),
    delay: limits
      .default({ watch: 0.05, act: 0.2 })
      .describe('By how much the share of the events that come in the first half of the time so far may differ.'),
    unscored: limits
      .default({ watch: 0.1, act: 0.5 })
      .describe('By how much the share of the outcomes without a score may exceed that of the week before.'),
    repeated: limits
      .default({ watch: 0.1, act: null })
      .describe('By how much the share of scored rows whose keys were scored before may exceed the usual one.'),
    rejected: limits
      .default({ watch: 0.02, act: 0.2 })
      .describe('By how much the share of rejected candidates may exceed that of the week before.'),
    stale: ages
      .default(['2d', '4d'])
      .describe('Time since the last file was scored.')
      .transform(([watch, act]) => ({
        watch: watch === null ? null : parseDuration(watch),
        act: act === null ? null : parseDuration(act),
      })),
    matches_within: duration
      .default('3d')
      .describe('How old the last score of a row may be for its outcome to count as that of the score.'),
    money: column
      .optional()
      .describe('Column among the outcomes that segments are also summed in, such as what was spent.'),
  })
  .transform(({ matches_within, money = null, ...section }) =>
    camelKeys({ ...section, matches_within_ms: parseDuration(matches_within), money }),
  )
  .prefault({})
  .describe('What monitoring compares, and from which limits on it speaks up.');

/** The section where it is left out. */
export const MONITORING_DEFAULTS: MonitoringChoice = monitoring.parse(undefined);

/** Limits from which on a difference is worth a look, and from which on something has to be done; `null` for none. */
export interface Limits {
  readonly watch: number | null;
  readonly act: number | null;
}

/** The parsed section `monitoring`, in camel case, with times in milliseconds. */
export interface MonitoringChoice extends z.output<typeof monitoring> {}
