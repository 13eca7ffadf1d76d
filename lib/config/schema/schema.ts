/**
 * The schema of `entirespace.yaml`. A *member* is a key of a map together with its value; editors show its description.
 * Rules that involve several members are checked in `lib/config/check/`. Types named `...Shape` are parsed values.
 */
import { z } from 'zod';
import { CALIBRATIONS, LEARNING_RATE_DECAYS, MODEL_TYPES, OPTIMIZERS } from '../choices.ts';
import { idSourceMembers } from '../features/id-sources.ts';
import { draftFeatureSchema, featureSchema } from '../features/kinds.ts';
import {
  column,
  duration,
  factor,
  featureName,
  modelName,
  notNegative,
  pcocLimits,
  positive,
  rate,
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
  weight: positive.optional().describe('Weight of the stage in the loss. Default: 1.'),
  complement_of: stageName
    .optional()
    .describe('Sibling of which this stage is the complement: reached exactly if the sibling is not.'),
  exclusive: text('the name of a group').optional().describe('Group of siblings of which a row reaches at most one.'),
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

const log = z.strictObject({
  keys: z
    .array(column)
    .min(1, 'at least one column name')
    .describe('Columns that identify a row; they are copied to the scores.'),
  time: column.optional().describe('Column with the time of the row.'),
  group: column.optional().describe('Column with the group of the row: rows of the same user have the same value.'),
  kept: rate
    .optional()
    .describe('Rate at which unclicked rows were kept in a sampled log, or the column with that rate.'),
  outcomes: z.array(column).default([]).describe('Columns known only afterwards: never features.'),
  max_rejected: rejectable.default(0).describe('Share of bad rows in the log above which the run fails.'),
});

const split = z.union(
  [
    z.strictObject({
      hash: column.describe('Column whose text is hashed.'),
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
  dimension: whole(1).default(18).describe('Width of an embedding.'),
  ...idSourceMembers,
});

const entityTable = z.strictObject({
  key: column.describe('Column, in the candidates and in the table, that identifies a user or an item.'),
  missing: z
    .enum(['reject', 'unknown'])
    .default('reject')
    .describe('What happens to a candidate whose key is not in the table: rejected, or scored with missing values.'),
});

const entities = z.strictObject({
  user: entityTable.optional().describe('The table of the users.'),
  item: entityTable.optional().describe('The table of the items.'),
});

const model = z.strictObject({
  type: z.enum(MODEL_TYPES).default('esmm').describe('The network and its objective.'),
  hidden_units: z
    .array(whole(1))
    .min(1, 'at least one layer')
    .default([200, 80])
    .describe("Units of each tower's hidden layers."),
  fields: z
    .enum(['concatenate', 'sum_by_entity'])
    .default('concatenate')
    .describe('Embeddings side by side, or summed over the features of an entity.'),
});

const training = z.strictObject({
  batch_size: whole(1).default(4096).describe('Rows of a training step.'),
  epochs: whole(1).default(10).describe('Passes over the training rows, at most.'),
  optimizer: z.enum(OPTIMIZERS).default('adam').describe('Update rule.'),
  learning_rate: positive.default(0.001).describe('Step size of the update rule.'),
  momentum: share.default(0).describe('With sgd: share of the previous step that is added to the next one.'),
  warmup_steps: whole(0).default(0).describe('Steps over which the learning rate grows to its full value.'),
  learning_rate_decay: z
    .enum(LEARNING_RATE_DECAYS)
    .default('none')
    .describe('How the learning rate falls towards 0 after the warm-up, over all epochs.'),
  l2_embeddings: notNegative.default(0).describe('L2 penalty on the embedding rows of a batch.'),
  dropout: share.default(0).describe('Share of hidden units dropped.'),
  patience: whole(1)
    .nullable()
    .optional()
    .describe('Epochs without a better validation loss before training stops; null for never. Default: 2.'),
  seed: seed.default(1).describe('Seed of initial values, order and dropout.'),
  calibration: z
    .enum(CALIBRATIONS)
    .default('none')
    .describe("How each tower's logits are calibrated on the validation rows."),
});

const scoring = z.strictObject({
  columns: z.enum(['keys', 'all']).default('keys').describe('Columns copied from the candidates to the scores.'),
  max_rejected: rejectable.default(0.1).describe('Share of bad rows in a candidate file above which the file fails.'),
});

const gate = z.strictObject({
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
  pcoc: pcocLimits
    .default([0.67, 1.5])
    .describe('Lowest and highest allowed sum of the predicted probabilities divided by the sum of the labels.'),
  label_rate: factor
    .default(1.5)
    .describe("Factor by which a label's rate may differ from the current version's training rate."),
  max_unknown: rejectable.default(0.8).describe("Share of a feature's values that may be unknown to the encoder."),
  drift: positive
    .nullable()
    .default(null)
    .describe("Highest allowed population stability index between both versions' probabilities; null for no limit."),
});

const report = z.strictObject({
  segments: z
    .array(column)
    .default([])
    .describe('Columns of the log. For each of their frequent values the report shows every AUC separately.'),
});

/** Schema of the whole file. */
export const fileSchema = z.strictObject({
  name: modelName.describe('Name of the model.'),
  root: stageName.default('impression').describe('Name of the root stage: what a row of the log is.'),
  stages: z.record(stageName, stage).describe('The funnel, in order.'),
  roles: roles
    .optional()
    .describe('The stages called pctr, pcvr and pctcvr. Implied by the names click and conversion.'),
  log: log.describe('Columns of the log that are neither features nor labels.'),
  split: split.optional().describe('How the rows are divided into training, validation and test rows.'),
  entities: entities
    .default({})
    .describe('Users and items whose features may come from tables in the bucket if a candidate file lacks them.'),
  embeddings: z.record(featureName, embedding).default({}).describe('Embedding tables that several features share.'),
  features: z.record(featureName, featureSchema).describe('Inputs of the model.'),
  model: model.prefault({}).describe('Which network is trained.'),
  training: training.prefault({}).describe('How the network is trained.'),
  scoring: scoring.prefault({}).describe('What the score files hold.'),
  gate: gate.prefault({}).describe('Limits that decide whether a new version becomes the current one automatically.'),
  report: report.prefault({}).describe("Optional contents of a version's report."),
});

/** Schema of an unfinished file: sections, the keys of the log, and the entities of features may be missing. */
export const draftSchema = fileSchema
  .extend({
    log: log.extend({ keys: z.array(column).default([]) }),
    features: z.record(featureName, draftFeatureSchema),
  })
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
