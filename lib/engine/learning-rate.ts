/** How the learning rate changes over a training. */
import type { LearningRateDecay } from '../config/choices.ts';

export interface LearningRateSchedule {
  /** Steps over which the rate grows, by equal amounts, to its full value; 0 for none. */
  readonly warmupSteps: number;
  /** How the rate falls towards 0 after that. */
  readonly decay: LearningRateDecay;
  /** Steps of the whole training: the step after the last would have a rate of 0. */
  readonly totalSteps: number;
}

/**
 * The factor of the learning rate at a global step, counted from 1. It depends on nothing else, so that a continued
 * training goes on with the rate that it would have had.
 *
 * In PyTorch's terms: `LinearLR` from 1 / warmupSteps to 1, and then `LinearLR` from 1 to 0 or `CosineAnnealingLR`
 * (Loshchilov and Hutter, arXiv 1608.03983, without restarts) to 0, over the steps that are left.
 */
export function learningRateFactor({ warmupSteps, decay, totalSteps }: LearningRateSchedule, step: number): number {
  if (step <= warmupSteps) return step / warmupSteps;
  const progress = Math.min(1, (step - 1 - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return DECAYS[decay](progress);
}

/** By the share of the decay's steps that are over. */
const DECAYS: Readonly<Record<LearningRateDecay, (progress: number) => number>> = {
  none: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
};
