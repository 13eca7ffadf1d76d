/** The learning rate's warm-up and decay. */
import type { TrainingChoice } from '../config/declaration.ts';

/** How the learning rate changes over the steps of a training. */
export interface LearningRateSchedule {
  /** Number of steps over which the rate grows, by equal amounts, to its full value; 0 for no warm-up. */
  readonly warmupSteps: number;
  /** How the rate falls towards 0 after the warm-up. */
  readonly decay: TrainingChoice['learningRateDecay'];
  /** Number of steps of the whole training. A decay would reach 0 at the step after the last. */
  readonly totalSteps: number;
}

/**
 * Returns the factor of the learning rate at a global step, counted from 1. It depends on nothing else, so that a
 * resumed training has the same learning rates as an uninterrupted one.
 *
 * In PyTorch's terms: `LinearLR` from 1 / warmupSteps to 1, and then, over the remaining steps, `LinearLR` from 1 to 0
 * or `CosineAnnealingLR` to 0 (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
 */
export function learningRateFactor({ warmupSteps, decay, totalSteps }: LearningRateSchedule, step: number): number {
  if (step <= warmupSteps) return step / warmupSteps;
  const progress = Math.min(1, (step - 1 - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return DECAYS[decay](progress);
}

/** The factor of each decay, by the share of its steps that are over, from 0 to 1. */
const DECAYS: Readonly<Record<TrainingChoice['learningRateDecay'], (progress: number) => number>> = {
  none: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
};
