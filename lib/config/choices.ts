/** What `model` and `training` can be told to use: the schema accepts these names, and the code has a part for each. */

/** Networks: each is a file of `lib/model/models/`. */
export const MODEL_TYPES = ['esmm', 'esmm-ns', 'base'] as const;
export type ModelType = (typeof MODEL_TYPES)[number];

/** Update rules: each is an entry of `lib/engine/optimizers.ts`. */
export const OPTIMIZERS = ['adam', 'adagrad', 'rowwise_adagrad', 'sgd'] as const;
export type OptimizerType = (typeof OPTIMIZERS)[number];

/** How the learning rate falls: each is an entry of `lib/engine/learning-rate.ts`. */
export const LEARNING_RATE_DECAYS = ['none', 'linear', 'cosine'] as const;
export type LearningRateDecay = (typeof LEARNING_RATE_DECAYS)[number];

/** What is fitted to each tower's logits: each is a file of `lib/evaluation/calibration/`. */
export const CALIBRATIONS = ['none', 'platt', 'isotonic'] as const;
export type CalibrationKind = (typeof CALIBRATIONS)[number];
