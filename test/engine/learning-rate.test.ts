import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type LearningRateSchedule, learningRateFactor } from '../../lib/engine/learning-rate.ts';

interface Reference {
  readonly cases: readonly {
    readonly warmup_steps: number;
    readonly decay: LearningRateSchedule['decay'];
    readonly total_steps: number;
    readonly factors: readonly number[];
  }[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('reference/learning-rate.json', import.meta.url), 'utf8'),
) as Reference;

describe('learningRateFactor', () => {
  it.each(cases)(
    'equals that of PyTorch at every step: $warmup_steps steps of warm-up, decay $decay',
    ({ warmup_steps, decay, total_steps, factors }) => {
      expect(factors).toHaveLength(40);
      const schedule = { warmupSteps: warmup_steps, decay, totalSteps: total_steps };
      // PyTorch multiplies the rate at every step, and so rounds 40 times.
      factors.forEach((factor, i) => {
        expect(learningRateFactor(schedule, i + 1), `step ${i + 1}`).toBeCloseTo(factor, 12);
      });
    },
  );

  it('is exactly 1 without warm-up and decay', () => {
    for (const step of [1, 2, 1e6])
      expect(learningRateFactor({ warmupSteps: 0, decay: 'none', totalSteps: 10 }, step)).toBe(1);
  });

  it('reaches 0 only after the last step', () => {
    for (const decay of ['linear', 'cosine'] as const) {
      expect(learningRateFactor({ warmupSteps: 3, decay, totalSteps: 10 }, 10)).toBeGreaterThan(0);
      expect(learningRateFactor({ warmupSteps: 3, decay, totalSteps: 10 }, 11)).toBe(0);
    }
  });

  it('grows until the last step where the training is shorter than the warm-up', () => {
    const schedule = { warmupSteps: 20, decay: 'linear', totalSteps: 10 } as const;
    expect([1, 10].map((step) => learningRateFactor(schedule, step))).toEqual([0.05, 0.5]);
  });
});
