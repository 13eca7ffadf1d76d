/** Two intervals of the difference between models: over seeds, and over the users of the test rows. */
import type { FunnelMetrics } from '../../evaluation/funnel.ts';
import { type ChosenUnits, compareOutputs, type Interval } from '../../gate/comparison/compare.ts';
import { RESAMPLES } from '../../gate/comparison/loss.ts';
import { studentBound } from '../../numbers/student.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { FIGURE_NAMES, type Figure, TASK_OF } from './figures.ts';
import type { MeasuredOutcomes } from './measure.ts';

const CONFIDENCE = 0.95;

/** The mean of paired differences, with the interval of Student's t; no interval of a single one, no mean of none. */
export function overSeeds(differences: readonly number[]): Interval {
  const n = differences.length;
  if (n === 0) return { value: null, lower: null, upper: null };
  const value = mean(differences);
  if (n === 1) return { value, lower: null, upper: null };
  const half = (studentBound(n - 1, CONFIDENCE) * deviation(differences)) / Math.sqrt(n);
  return { value, lower: value - half, upper: value + half };
}

/** A model's scores, averaged over its seeds, and what is measured of them. */
export interface AveragedModel {
  readonly probabilities: Probabilities;
  readonly metrics: FunnelMetrics;
}

/**
 * Returns, by figure, the difference own - reference of the averaged scores, with its interval over resamples of whole
 * users; the seed of the resamples is given, so that the same users are drawn for all models.
 */
export function overUsers(
  outcomes: Pick<MeasuredOutcomes, 'labels' | 'weight'>,
  units: ChosenUnits,
  { own, reference, seed }: { readonly own: AveragedModel; readonly reference: AveragedModel; readonly seed: number },
): Readonly<Partial<Record<Figure, Interval>>> {
  const figures = FIGURE_NAMES.flatMap((figure) => {
    const [challenger, champion] = [measuredTask(own, TASK_OF[figure]), measuredTask(reference, TASK_OF[figure])];
    return challenger && champion ? [{ figure, task: challenger.metrics.task, challenger, champion }] : [];
  });
  const compared = compareOutputs(outcomes, units, figures, { resamples: RESAMPLES, seed });
  const intervals = figures.flatMap(({ figure }, index) => {
    const auc = compared[index]?.difference?.auc;
    return auc === undefined ? [] : [[figure, auc] as const];
  });
  return Object.fromEntries(intervals);
}

function measuredTask({ metrics, probabilities }: AveragedModel, name: string) {
  const found = metrics.tasks.find(({ task }) => task.name === name);
  const probability = found && probabilities[found.task.output];
  return found && probability && { metrics: found, probability };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the standard deviation of a sample of at least two. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}
