/** What each feature is worth to the model: how much worse it ranks when that feature's values are shuffled. */

import type { ScoringModel } from '../engine/ort/scoring-model.ts';
import { type FunnelTask, positivesOf, taskTally } from '../evaluation/funnel.ts';
import { areaUnderCurve } from '../evaluation/ranking.ts';
import { permutation, randomStream } from '../numbers/random.ts';
import type { Probabilities } from '../training/held-out/predict.ts';
import type { OnProgress } from '../training/progress.ts';
import { permuteInput } from './encoded-rows.ts';
import { type Sample, SHUFFLES } from './sample.ts';

/** Positives that an AUC needs before anything is made of it. */
export const LEAST_POSITIVES = 20;
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
  const aucs = (probabilities: Probabilities) => {
    const rows = { probabilities, labels: sample.labels, weight: sample.weight, group: null };
    return tasks.map((task) =>
      positivesOf(sample.labels, task) < LEAST_POSITIVES ? null : areaUnderCurve(taskTally(rows, task)).value,
    );
  };
  const unshuffled = aucs(sample.probabilities);
  const lost = new Map(tasks.map(({ name }) => [name, new Map<string, number[]>()]));
  for (const [done, feature] of features.entries()) {
    for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
      const order = permutation(sample.chunk.rows, randomStream(seed, `importance/${feature}/${shuffle}`));
      const shuffled = aucs(await model.predict(permuteInput(sample.chunk, feature, order)));
      for (const [index, { name }] of tasks.entries()) {
        const [before, after] = [unshuffled[index], shuffled[index]];
        if (before == null || after == null) continue;
        const ofTask = lost.get(name) as Map<string, number[]>;
        ofTask.set(feature, [...(ofTask.get(feature) ?? []), before - after]);
      }
      signal?.throwIfAborted();
    }
    onProgress?.({ phase: 'report', done: (done + 1) * sample.chunk.rows, total: features.length * sample.chunk.rows });
  }
  return Object.fromEntries([...lost].map(([task, byFeature]) => [task, ranked(byFeature)]));
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
