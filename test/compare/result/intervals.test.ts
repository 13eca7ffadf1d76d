import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { overSeeds, overUsers } from '../../../lib/compare/result/intervals.ts';
import { measure } from '../../../lib/compare/result/measure.ts';
import { roleTasks } from '../../../lib/evaluation/funnel.ts';
import { chooseUnits } from '../../../lib/gate/comparison/choose-units.ts';
import type { Interval } from '../../../lib/gate/comparison/compare.ts';
import { studentBound } from '../../../lib/numbers/student.ts';
import { sampleRows } from '../reference/rows.ts';

const REFERENCE = JSON.parse(readFileSync(new URL('../reference/intervals.json', import.meta.url), 'utf8')) as {
  over_users: Record<'ctr' | 'cvr', { value: number; lower: number; upper: number }>;
  student_bounds: Record<string, number>;
};

const TASKS = roleTasks({ impression: 'impression', click: 'click', conversion: 'conversion' }, 'impression');
const MEASUREMENT = { tasks: TASKS, trainingRates: { ctr: 0.2, cvr: 0.5, ctcvr: 0.1 } };

describe('an interval over users', () => {
  const { labels, group, own, other } = sampleRows();
  const outcomes = { labels, weight: null, group, day: null };
  const model = (probabilities: typeof own) => ({
    probabilities,
    metrics: measure(outcomes, probabilities, MEASUREMENT).metrics,
  });
  const intervals = overUsers(outcomes, chooseUnits({ labels, group: { of: group, kind: 'groups' } }), {
    own: model(own),
    reference: model(other),
    seed: 1,
  });

  it.each([
    ['ctr_auc', 'ctr'],
    ['cvr_auc', 'cvr'],
  ] as const)('of %s is that of an independent computation', (figure, task) => {
    const got = intervals[figure] as Interval;
    const { value, lower, upper } = REFERENCE.over_users[task];
    expect(got.value).toBeCloseTo(value, 12);
    // Both have an error of resampling; that of 2,000 resamples is some 3% of the width.
    const tolerance = 0.06 * (upper - lower);
    expect(Math.abs((got.lower as number) - lower)).toBeLessThan(tolerance);
    expect(Math.abs((got.upper as number) - upper)).toBeLessThan(tolerance);
  });

  it('is given of the figures that are measured', () => {
    expect(Object.keys(intervals)).toEqual(['cvr_auc', 'ctcvr_auc_own', 'ctr_auc']);
  });
});

describe('an interval over seeds', () => {
  it.each(Object.entries(REFERENCE.student_bounds))('is by the t of %s degrees of freedom', (freedom, bound) => {
    expect(studentBound(Number(freedom), 0.95) / bound).toBeCloseTo(1, 8);
  });

  it('is the mean, plus and minus the bound times its standard error', () => {
    // The mean is 2, the standard deviation 1, and t is 4.302653 with two degrees of freedom.
    const { value, lower, upper } = overSeeds([1, 2, 3]);
    expect([value, lower, upper]).toEqual([2, expect.closeTo(2 - 2.484138, 6), expect.closeTo(2 + 2.484138, 6)]);
  });

  it('needs two seeds, and a mean needs one', () => {
    expect(overSeeds([0.25])).toEqual({ value: 0.25, lower: null, upper: null });
    expect(overSeeds([])).toEqual({ value: null, lower: null, upper: null });
  });
});
