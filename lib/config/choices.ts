/** Names that the sections `model` and `training` of a declaration accept. Each stands for a part of the code. */

/** Networks. Each has a file in `lib/model/models/`. */
export const MODEL_TYPES = ['esmm', 'esmm-ns', 'base'] as const;
/** Name of a network. */
export type ModelType = (typeof MODEL_TYPES)[number];

/** Update rules. Each has an entry in `lib/engine/optimizers.ts`. */
export const OPTIMIZERS = ['adam', 'adagrad', 'rowwise_adagrad', 'sgd'] as const;
/** Name of an update rule. */
export type OptimizerType = (typeof OPTIMIZERS)[number];

/** Ways in which the learning rate falls. Each has an entry in `lib/engine/learning-rate.ts`. */
export const LEARNING_RATE_DECAYS = ['none', 'linear', 'cosine'] as const;
/** Name of a way in which the learning rate falls. */
export type LearningRateDecay = (typeof LEARNING_RATE_DECAYS)[number];

/** Calibrations of each tower's logits. Each but `none` has a file in `lib/evaluation/calibration/`. */
export const CALIBRATIONS = ['none', 'platt', 'isotonic'] as const;
/** Name of a calibration. */
export type CalibrationKind = (typeof CALIBRATIONS)[number];
