/**
 * The schema of `entirespace.yaml`. A *member* is a key of a map together with its value; editors show its description.
 * The schemas in `lib/config/sections/` parse a section to its values in the declaration, in camel case. Rules that
 * involve several members are checked in `lib/config/check/`. Types named `...Shape` are parsed values.
 */
import * as z from 'zod';
import { idSourceMembers } from '../features/id-sources.ts';
import { draftFeatureSchema, featureSchema } from '../features/kinds.ts';
import { MOST_DIMENSION } from '../features/table-choice.ts';
import { csv } from '../sections/csv.ts';
import { gate } from '../sections/gate.ts';
import { draftLog, log } from '../sections/log.ts';
import { model } from '../sections/model.ts';
import { monitoring } from '../sections/monitoring.ts';
import { report } from '../sections/report.ts';
import { scoring } from '../sections/scoring.ts';
import { training } from '../sections/training.ts';
import {
  atMost,
  column,
  columnOrColumns,
  duration,
  entityName,
  featureName,
  modelName,
  notNegative,
  rejectable,
  seed,
  share,
  stageName,
  stageOrStages,
  text,
  timeBound,
  values,
  whole,
} from '../value-schemas.ts';

/** The keys of which `split` has exactly one, in the order of the alternatives below. */
export const SPLIT_KEYS = ['hash', 'time', 'column'] as const;

const stage = z.strictObject({
  from: stageOrStages.optional().describe('Stages that lead here. Default: the previous one; for the first, the root.'),
  label: column.optional().describe('0/1 column of the log: whether the row reached the stage.'),
  weight: atMost(1e6).optional().describe('Weight of the stage in the loss. Default: 1.'),
  complement_of: stageName
    .optional()
    .describe('Sibling of which this stage is the complement: reached exactly if the sibling is not.'),
  exclusive: text('the name of a group').optional().describe('Group of siblings of which a row reaches at most one.'),
  at: column.optional().describe('Column with the time of the event; empty where the row did not reach the stage.'),
  within: duration.optional().describe('Time after which the label is final. The label of a younger row is unknown.'),
  inconsistent: z
    .enum(['reject', 'and', 'fail'])
    .optional()
    .describe(
      'If the label is 1 although no stage before was reached: reject the row, take the label for 0 (and), or fail the run. Default: reject.',
    ),
  max_inconsistent: rejectable
    .optional()
    .describe('Share of all rows that may be inconsistent before the run fails. Default: 0.01.'),
});

const roles = z.strictObject({
  impression: stageName.optional().describe('Stage on which pctr and pctcvr are conditioned. Default: the root.'),
  click: stageName.describe('Stage whose probability is pctr.'),
  conversion: stageName.describe('Stage whose probability is pctcvr and, given the click, pcvr.'),
});

const split = z.union(
  [
    z.strictObject({
      hash: columnOrColumns.describe('Column, or list of columns, whose text is hashed.'),
      seed: seed.default(1).describe('Seed of the hash.'),
      validation: share.default(0.1).describe('Share of the rows.'),
      test: share.default(0.1).describe('Share of the rows.'),
    }),
    z.strictObject({
      time: z.literal(true).describe('Split in order of log.time.'),
      validation: timeBound.default(0.1).describe('Share of the rows, or the first instant of the part.'),
      test: timeBound.default(0.1).describe('Share of the rows, or the first instant of the part.'),
    }),
    z.strictObject({
      column: column.describe('Column whose values say which part a row is in.'),
      train: values.min(1, 'at least one value').describe('Values of the training rows.'),
      validation: values.default([]).describe('Values of the validation rows.'),
      test: values.default([]).describe('Values of the test rows.'),
    }),
  ],
  `exactly one of ${SPLIT_KEYS.join(', ')}`,
);

const embedding = z.strictObject({
  dimension: whole(1, MOST_DIMENSION).default(18).describe('Width of an embedding.'),
  l2: notNegative.optional().describe('L2 penalty of the table. Default: training.l2_embeddings.'),
  ...idSourceMembers,
});

const entityTable = z.strictObject({
  key: column.describe(
    'Column, in the candidates and in the table, that identifies a row of the table, such as a user or an item.',
  ),
  missing: z
    .enum(['reject', 'unknown'])
    .default('reject')
    .describe('What happens to a candidate whose key is not in the table: rejected, or scored with missing values.'),
});

const entities = z.record(entityName, entityTable.describe('A table with a row for each user, item, area, ...'));

/** Schema of the whole file. */
export const fileSchema = z.strictObject({
  name: modelName.describe('Name of the model.'),
  root: stageName.default('impression').describe('Name of the root stage: what a row of the log is.'),
  stages: z.record(stageName, stage).describe('The funnel, in order.'),
  roles: roles
    .optional()
    .describe('The stages called pctr, pcvr and pctcvr. Implied by the names click and conversion.'),
  log,
  csv,
  split: split.optional().describe('How the rows are divided into training, validation and test rows.'),
  entities: entities
    .default({})
    .describe(
      'Users, items and others whose features may come from tables in the bucket if a candidate file lacks them.',
    ),
  embeddings: z.record(featureName, embedding).default({}).describe('Embedding tables that several features share.'),
  features: z.record(featureName, featureSchema).describe('Inputs of the model.'),
  model,
  training,
  scoring,
  gate,
  report,
  monitoring,
});

/** Schema of an unfinished file: sections, the keys of the log, and the entities of features may be missing. */
export const draftSchema = fileSchema
  .extend({ log: draftLog, features: z.record(featureName, draftFeatureSchema) })
  .partial();

/** A whole file, as parsed. */
export type FileShape = z.output<typeof fileSchema>;
/** The valid part of a file, as parsed. */
export type DraftShape = z.output<typeof draftSchema>;
/** A stage, as parsed. */
export type StageShape = z.output<typeof stage>;
/** The section `split`, as parsed. */
export type SplitShape = z.output<typeof split>;
/** A table of the section `embeddings`, as parsed. */
export type EmbeddingShape = z.output<typeof embedding>;
