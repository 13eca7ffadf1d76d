import * as z from 'zod';
import { WINDOW_ROWS } from '../../contract/limits.ts';
import { ENGINES } from '../engines.ts';
import { atMost, notNegative, seed, share, whole } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

/** Update rules. Each has an entry in `lib/engine/optimizers.ts`. */
const OPTIMIZERS = ['adam', 'adagrad', 'rowwise_adagrad', 'sgd'] as const;

/** What is shuffled in each epoch. */
const SHUFFLES = ['groups', 'rows'] as const;

/** Ways in which the learning rate falls. Each has an entry in `lib/engine/learning-rate.ts`. */
const LEARNING_RATE_DECAYS = ['none', 'linear', 'cosine'] as const;

/** Kinds of calibration. Each but `none` has a file in `lib/evaluation/calibration/`. */
const CALIBRATIONS = ['none', 'platt', 'isotonic'] as const;

/** What is calibrated: the towers' logits, those of reaching each stage, or what is better on the validation rows. */
const CALIBRATED = ['auto', 'edges', 'product'] as const;

/** Schema of the section `training`. The default of `patience` depends on the split, so it is not filled in here. */
export const training = z
  .strictObject({
    batch_size: whole(1, WINDOW_ROWS)
      .optional()
      .describe('Rows of a training step. Default: 4096, or less if that is more than a tenth of the training rows.'),
    shuffle: z
      .enum(SHUFFLES)
      .default('groups')
      .describe('Whether training shuffles single rows, or the groups of log.group, whose rows share a batch.'),
    epochs: whole(1, 10_000).default(10).describe('Passes over the training rows, at most.'),
    optimizer: z.enum(OPTIMIZERS).default('adam').describe('Update rule.'),
    learning_rate: atMost(1000).default(0.001).describe('Step size of the update rule.'),
    /** Momentum is 0 with every other optimizer. */
    momentum: share.default(0).describe('With sgd: share of the previous step that is added to the next one.'),
    warmup_steps: whole(0).default(0).describe('Steps over which the learning rate grows to its full value.'),
    learning_rate_decay: z
      .enum(LEARNING_RATE_DECAYS)
      .default('none')
      .describe('How the learning rate falls towards 0 after the warm-up, over all epochs.'),
    /** Each row adds half of it times the squared length of every embedding that it reads to its loss. */
    l2_embeddings: notNegative.default(0).describe('L2 penalty on the embeddings that a row reads, in its loss.'),
    dropout: share.default(0).describe('Share of hidden units dropped.'),
    /** Training keeps the epoch that is best by `stop_by`. */
    patience: whole(1)
      .nullable()
      .optional()
      .describe('Epochs clearly worse than the best before training stops; null for never. Default: 2.'),
    stop_by: z
      .string()
      .default('sum')
      .describe('What early stopping goes by: the sum of the losses, the loss of a stage, or an output.'),
    seed: seed.default(1).describe('Seed of initial values, order and dropout.'),
    engine: z
      .enum(ENGINES)
      .default('onnxruntime')
      .describe('What computes the training steps; scoring is always with onnxruntime.'),
    calibration: z
      .enum(CALIBRATIONS)
      .default('none')
      .describe('How the probabilities are calibrated on the validation rows.'),
    calibration_of: z
      .enum(CALIBRATED)
      .default('auto')
      .describe("With calibration: each edge's probability, each stage's product of them, or what is better."),
  })
  .transform(camelKeys)
  .prefault({})
  .describe('How the network is trained.');

/** The section `training`, as parsed. */
export interface TrainingShape extends z.output<typeof training> {}

/** How the network is trained, with every default filled in. */
export interface TrainingChoice extends Omit<TrainingShape, 'batchSize'> {
  /** `null` for one that suits the number of training rows. */
  readonly batchSize: number | null;
  readonly patience: number | null;
  /** L2 penalty of single embedding tables, by name; `l2Embeddings` for every other. */
  readonly l2Tables: Readonly<Record<string, number>>;
}
