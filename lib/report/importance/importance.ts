/** What each feature is worth to the model: how much worse it ranks with that feature's values from other rows. */

import { type FunnelTask, taskRows } from '../../evaluation/funnel.ts';
import { placements } from '../../evaluation/placements.ts';
import { randomStream } from '../../numbers/random.ts';
import { sortIndices } from '../../numbers/sort.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import type { OnProgress } from '../../training/progress.ts';
import { type ImportancePlan, planImportance, SHUFFLES } from './plan.ts';
import { drawDonors, type Sample } from './sample.ts';
import { strongestFeatures } from './screening.ts';
import { type Predicting, scoreShuffled } from './shuffled-scores.ts';

/** Positives that an AUC needs before anything is made of it. */
export const LEAST_POSITIVES = 20;

/** AUC lost when a feature's values are shuffled among the rows. */
export interface FeatureImportance {
  readonly feature: string;
  /** Mean of the shuffles. */
  readonly lost: number;
  /** Its 95% interval: what it could be in other rows of the same log. */
  readonly lower: number;
  readonly upper: number;
}

/** The tasks and features to measure. */
export interface ImportanceOptions {
  readonly tasks: readonly FunnelTask[];
  readonly features: readonly string[];
  readonly seed: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Permutation importance by task, the most important feature first (Breiman, Random Forests, 2001, section 10). Tasks
 * of too few positives to tell have none. Of more features than the plan can afford, those are measured that move the
 * probabilities most.
 */
export async function permutationImportance(
  model: Predicting,
  sample: Sample,
  { tasks, features: all, seed, onProgress, signal }: ImportanceOptions,
  plan: ImportancePlan = planImportance(all.length),
): Promise<Readonly<Record<string, readonly FeatureImportance[]>>> {
  const features = plan.features < all.length ? await strongestFeatures(model, sample, all, { plan, seed }) : all;
  const shuffles = features.flatMap((feature) =>
    Array.from({ length: SHUFFLES }, (_, shuffle) => ({
      feature,
      donors: drawDonors(sample.weight, randomStream(seed, `importance/${feature}/${shuffle}`)),
    })),
  );
  const rankings = tasks.flatMap((task) => rankingOf(sample, task) ?? []);
  const found = new Map(tasks.map(({ name }): [string, FeatureImportance[]] => [name, []]));
  let done = 0;
  for await (const probabilities of scoreShuffled(model, sample.chunk, shuffles)) {
    for (const ranking of rankings) addFall(ranking, placesOf(sample, ranking, probabilities));
    done += 1;
    if (done % SHUFFLES !== 0) continue;
    const feature = features[done / SHUFFLES - 1] as string;
    for (const ranking of rankings) found.get(ranking.task.name)?.push({ feature, ...concludeFall(ranking) });
    signal?.throwIfAborted();
    const { rows } = sample.chunk;
    onProgress?.({ phase: 'report', done: done * rows, total: shuffles.length * rows });
  }
  return Object.fromEntries([...found].map(([task, some]) => [task, some.sort((a, b) => b.lost - a.lost)]));
}

/** The rows that a task measures, and how the model ranks them as they are. */
interface Ranking {
  readonly task: FunnelTask;
  readonly rows: Uint32Array;
  readonly isPositive: Uint8Array;
  readonly weight: Float32Array;
  /** Weights of the positives and of the negatives. */
  readonly totals: readonly [negatives: number, positives: number];
  /** The place of each row among those of the other class, as in `placements`. */
  readonly places: Float64Array;
  /** By how much each row fell in the shuffles of the feature that is measured, all together. */
  readonly fall: Float64Array;
}

/** `null` for a task of too few positives, or without negatives. */
function rankingOf(sample: Sample, task: FunnelTask): Ranking | null {
  const rows = taskRows(sample.labels, task);
  const label = sample.labels[task.label] as Int8Array;
  const isPositive = Uint8Array.from(rows, (row) => label[row] as number);
  const weight = Float32Array.from(rows, (row) => sample.weight[row] as number);
  const totals: [number, number] = [0, 0];
  for (const [place, value] of weight.entries()) totals[isPositive[place] as 0 | 1] += value;
  const positives = isPositive.reduce((sum, value) => sum + value, 0);
  if (positives < LEAST_POSITIVES || positives === rows.length) return null;
  const fall = new Float64Array(rows.length);
  const ranking = { task, rows, isPositive, weight, totals, fall, places: fall };
  return { ...ranking, places: placesOf(sample, ranking, sample.probabilities) };
}

/** The places of the rows under some probabilities. */
function placesOf(
  { labels, weight }: Sample,
  { task, rows }: Pick<Ranking, 'task' | 'rows'>,
  probabilities: Probabilities,
): Float64Array {
  const probability = probabilities[task.output] as Float32Array;
  const order = sortIndices(rows, probability);
  const sorted = placements({ probability, label: labels[task.label] as Int8Array, weight }, order);
  const byRow = new Float64Array(probability.length);
  for (const [place, row] of order.entries()) byRow[row] = sorted[place] as number;
  return Float64Array.from(rows, (row) => byRow[row] as number);
}

function addFall({ places, fall }: Ranking, shuffled: Float64Array): void {
  for (let place = 0; place < fall.length; place++)
    fall[place] = (fall[place] as number) + ((places[place] as number) - (shuffled[place] as number)) / SHUFFLES;
}

/**
 * The mean fall of the positives, which is the AUC lost, with the interval that follows from how different the falls of
 * single rows are, in either class. Begins anew.
 */
function concludeFall({ fall, isPositive, weight, totals }: Ranking): Omit<FeatureImportance, 'feature'> {
  const shareOf = (place: number) => (weight[place] as number) / totals[isPositive[place] as 0 | 1];
  let lost = 0;
  for (let place = 0; place < fall.length; place++)
    if (isPositive[place] === 1) lost += shareOf(place) * (fall[place] as number);
  let variance = 0;
  for (let place = 0; place < fall.length; place++)
    variance += (shareOf(place) * ((fall[place] as number) - lost)) ** 2;
  fall.fill(0);
  const half = 1.96 * Math.sqrt(variance);
  return { lost, lower: lost - half, upper: lost + half };
}
