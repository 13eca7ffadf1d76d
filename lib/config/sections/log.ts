import * as z from 'zod';
import { parseDuration } from '../units.ts';
import { column, duration, rate, rejectable } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

const truth = z
  .strictObject({
    pcvr: column.optional().describe('Column with the probability that the row converts, given that it is clicked.'),
    pcvr_do: column
      .optional()
      .describe('Column with the probability that the row converts, given that somebody makes it clicked.'),
  })
  .refine(({ pcvr, pcvr_do }) => pcvr !== undefined || pcvr_do !== undefined, 'a column as pcvr, as pcvr_do, or both')
  .transform(({ pcvr = null, pcvr_do: pcvrDo = null }) => ({ pcvr, pcvrDo }));

const members = {
  keys: z
    .array(column)
    .min(1, 'at least one column name')
    .describe('Columns that identify a row; they are copied to the scores.'),
  time: column
    .optional()
    .describe('Column with the time of the row.')
    .transform((time) => time ?? null),
  follow_up: duration
    .transform(parseDuration)
    .optional()
    .describe('For how long after its last row the log records events. Default: until its last row.'),
  /** GAUC compares rows within a group, and a bootstrap draws whole groups. */
  group: column
    .optional()
    .describe('Column with the group of the row: rows of the same user have the same value.')
    .transform((group) => group ?? null),
  /** The rate is a constant or a column; it is `null` in a full log. */
  kept: rate
    .optional()
    .describe('Rate at which unclicked rows were kept in a sampled log, or the column with that rate.')
    .transform((kept) => (typeof kept === 'string' ? { column: kept } : (kept ?? null))),
  /** `null` where every row counts once. */
  weight: column
    .optional()
    .describe('Column with the weight of the row in losses and metrics, of at least 0. Default: 1 each.')
    .transform((weight) => weight ?? null),
  outcomes: z.array(column).default([]).describe('Columns known only afterwards: never features.'),
  truth: truth
    .optional()
    .describe('Columns with what is true of the rows of a generated log: never features.')
    .transform((known) => known ?? null),
  max_rejected: rejectable.default(0).describe('Share of bad rows in the log above which the run fails.'),
};

/** Schema of the section `log`. */
export const log = z
  .strictObject(members)
  .describe('Columns of the log that are neither features nor labels.')
  .transform(camelKeys);

/** Schema of the section in an unfinished file: the keys may be missing. */
export const draftLog = z.strictObject({ ...members, keys: z.array(column).default([]) }).transform(camelKeys);

/** Columns of the log that are neither features nor labels, and the share of its rows that may be bad. */
export interface Log extends z.output<typeof log> {}
