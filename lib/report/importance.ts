/** What each feature is worth to the model: how much worse it ranks when that feature's values are shuffled. */

import type { ScoringModel } from '../engine/ort/scoring-model.ts';
import { type FunnelTask, positivesOf, taskTally } from '../evaluation/funnel.ts';
import { areaUnderCurve } from '../evaluation/ranking.ts';
import { permutation, randomStream } from '../numbers/random.ts';
import type { Probabilities } from '../training/held-out/predict.ts';
import type { OnProgress } from '../training/progress.ts';
import { joinChunks, permuteInput } from './encoded-rows.ts';
import { type Sample, SHUFFLES } from './sample.ts';

/** Positives that an AUC needs before anything is made of it. */
export const LEAST_POSITIVES = 20;
/** Rows that the model scores at once, in shuffles of few rows. */
const ROWS_TOGETHER = 4096;

/** AUC lost when a feature's values are shuffled among the rows. */
export interface FeatureImportance {
  readonly feature: string;
  /** Mean, least and greatest of the shuffles. */
  readonly lost: number;
  readonly least: number;
  readonly most: number;
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
 * of too few positives to tell have none: the shuffles share them, and their spread would not show that.
 */
export async function permutationImportance(
  model: ScoringModel,
  sample: Sample,
  { tasks, features, seed, onProgress, signal }: ImportanceOptions,
): Promise<Readonly<Record<string, readonly FeatureImportance[]>>> {
  const { rows } = sample.chunk;
  const aucs = (probabilities: Probabilities) => {
    const rows = { probabilities, labels: sample.labels, weight: sample.weight, group: null };
    return tasks.map((task) =>
      positivesOf(sample.labels, task) < LEAST_POSITIVES ? null : areaUnderCurve(taskTally(rows, task)).value,
    );
  };
  const unshuffled = aucs(sample.probabilities);
  const lost = new Map(tasks.map(({ name }) => [name, new Map<string, number[]>()]));
  const shuffles = features.flatMap((feature) =>
    Array.from({ length: SHUFFLES }, (_, shuffle) => ({ feature, shuffle })),
  );
  // A run of the model takes its time for each input, however few rows it has.
  const together = Math.max(1, Math.floor(ROWS_TOGETHER / rows));
  for (let first = 0; first < shuffles.length; first += together) {
    const some = shuffles.slice(first, first + together);
    const shuffled = some.map(({ feature, shuffle }) =>
      permuteInput(sample.chunk, feature, permutation(rows, randomStream(seed, `importance/${feature}/${shuffle}`))),
    );
    const probabilities = await model.predict(joinChunks(shuffled));
    for (const [place, { feature }] of some.entries()) {
      const after = aucs(rowsOf(probabilities, place * rows, rows));
      for (const [index, { name }] of tasks.entries()) {
        const [auc, aucAfter] = [unshuffled[index], after[index]];
        if (auc == null || aucAfter == null) continue;
        const ofTask = lost.get(name) as Map<string, number[]>;
        ofTask.set(feature, [...(ofTask.get(feature) ?? []), auc - aucAfter]);
      }
    }
    signal?.throwIfAborted();
    const [done, total] = [first + some.length, shuffles.length].map((count) => count * rows);
    onProgress?.({ phase: 'report', done: done as number, total: total as number });
  }
  return Object.fromEntries([...lost].map(([task, byFeature]) => [task, ranked(byFeature)]));
}

/** Consecutive rows of the probabilities. */
function rowsOf(probabilities: Probabilities, from: number, rows: number): Probabilities {
  return Object.fromEntries(
    Object.entries(probabilities).map(([name, values]) => [name, values.subarray(from, from + rows)]),
  );
}

function ranked(byFeature: ReadonlyMap<string, readonly number[]>): FeatureImportance[] {
  return [...byFeature]
    .map(([feature, lost]) => ({
      feature,
      lost: lost.reduce((sum, value) => sum + value, 0) / lost.length,
      least: Math.min(...lost),
      most: Math.max(...lost),
    }))
    .toSorted((a, b) => b.lost - a.lost);
}
