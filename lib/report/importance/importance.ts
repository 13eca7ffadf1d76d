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

/** The rows of the sample that a task measures, and how the model ranks them as they are. */
interface Ranking {
  readonly task: FunnelTask;
  readonly rows: Uint32Array;
  readonly label: Int8Array;
  /** Share of each row of the sample in the weight of the measured rows of its class. */
  readonly share: Float64Array;
  /** The place of each row of the sample among those of the other class, as in `placements`. */
  readonly places: Float64Array;
  /** By how much each of them fell in the shuffles of the feature that is measured, all together. */
  readonly fall: Float64Array;
}

/** `null` for a task of too few positives, or without negatives. */
function rankingOf(sample: Sample, task: FunnelTask): Ranking | null {
  const rows = taskRows(sample.labels, task);
  const label = sample.labels[task.label] as Int8Array;
  const counts = [0, 0];
  const weights = [0, 0];
  for (const row of rows) {
    const of = label[row] as number;
    counts[of] = (counts[of] as number) + 1;
    weights[of] = (weights[of] as number) + (sample.weight[row] as number);
  }
  if ((counts[1] as number) < LEAST_POSITIVES || counts[0] === 0) return null;
  const share = Float64Array.from(sample.weight, (weight, row) => weight / (weights[label[row] as number] as number));
  const fall = new Float64Array(label.length);
  return { task, rows, label, share, fall, places: placesOf(sample, { task, rows }, sample.probabilities) };
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
  const places = new Float64Array(probability.length);
  for (let at = 0; at < order.length; at++) places[order[at] as number] = sorted[at] as number;
  return places;
}

function addFall({ rows, places, fall }: Ranking, shuffled: Float64Array): void {
  for (const row of rows)
    fall[row] = (fall[row] as number) + ((places[row] as number) - (shuffled[row] as number)) / SHUFFLES;
}

/**
 * The mean fall of the positives, which is the AUC lost, with the interval that follows from how different the falls of
 * single rows are, in either class. Begins anew.
 */
function concludeFall({ rows, label, share, fall }: Ranking): Omit<FeatureImportance, 'feature'> {
  let lost = 0;
  for (const row of rows) if (label[row] === 1) lost += (share[row] as number) * (fall[row] as number);
  let variance = 0;
  for (const row of rows) variance += ((share[row] as number) * ((fall[row] as number) - lost)) ** 2;
  fall.fill(0);
  const half = 1.96 * Math.sqrt(variance);
  return { lost, lower: lost - half, upper: lost + half };
}
