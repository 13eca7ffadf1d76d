/** What `comparison.json` says of models against the truth of a generated log. */
import * as z from 'zod';
import { TRUTH_KINDS } from '../../table/check/truth.ts';
import { ROW_SETS, TRUTH_FIGURE_NAMES, type TruthFigure } from './figures.ts';

const value = z.number().nullable();
const figure = z.enum(TRUTH_FIGURE_NAMES as [TruthFigure]);
const byFigure = z.record(figure, value);
const interval = z.object({ value, lower: value, upper: value });

export const truthSchema = z.object({
  /** The truths that models are measured against; `pcvr_do` only where it is another than `pcvr`. */
  kinds: z.array(z.object({ kind: z.enum(TRUTH_KINDS), column: z.string() })),
  /** Whether both truths are declared and equal in every test row: there is no hidden bias. */
  areEqual: z.boolean(),
  rows: z.record(z.enum(ROW_SETS), z.number()),
  /** What the truth itself has, and what a constant has that is its mean over clicked rows. */
  bounds: z.array(
    z.object({
      kind: z.enum(TRUTH_KINDS),
      rows: z.enum(ROW_SETS),
      mean: value,
      /** AUC of the truth: none can have more to expect. */
      auc: value,
    }),
  ),
  models: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(TRUTH_KINDS),
      rows: z.enum(ROW_SETS),
      seeds: z.array(z.object({ seed: z.number(), figures: byFigure })),
      /** Over the seeds. */
      mean: byFigure,
      /** Standard deviation over the seeds; `null` of less than two. */
      deviation: byFigure,
      /** Of the scores averaged over seeds; `null` for a model without a seed. */
      averaged: byFigure.nullable(),
      /** Own - reference: less is better of the errors; `null` for the reference, and for a model without a seed. */
      differences: z.record(figure, z.object({ overSeeds: interval, overUsers: interval })).nullable(),
    }),
  ),
});

/** What a comparison found against the truth. */
export type TruthResult = z.infer<typeof truthSchema>;
/** What it found of one model, one truth and one set of rows. */
export type TruthOfModel = TruthResult['models'][number];
