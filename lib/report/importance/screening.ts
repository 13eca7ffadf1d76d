/** Finds the features that are worth measuring, where they are too many to measure all. */
import { randomStream } from '../../numbers/random.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { pickEncoded } from './encoded-rows.ts';
import type { ImportancePlan } from './plan.ts';
import { drawDonors, type Sample } from './sample.ts';
import { type Predicting, scoreShuffled } from './shuffled-scores.ts';

/**
 * Returns the features that move the probabilities most when they are shuffled among a few rows, in the order in which
 * they were given. How far they move is told from far fewer rows than what that does to an AUC.
 */
export async function strongestFeatures(
  model: Predicting,
  { chunk, probabilities, weight }: Sample,
  features: readonly string[],
  { plan, seed }: { readonly plan: ImportancePlan; readonly seed: number },
): Promise<string[]> {
  const count = Math.min(plan.screenedRows, chunk.rows);
  const rows = Uint32Array.from({ length: count }, (_, place) => Math.floor((place * chunk.rows) / count));
  const before = Object.fromEntries(
    Object.entries(probabilities).map(([output, values]) => [output, rowsOf(values, rows)]),
  );
  const shuffles = features.map((feature) => ({
    feature,
    donors: drawDonors(rowsOf(weight, rows), randomStream(seed, `screening/${feature}`)),
  }));
  const moved: number[] = [];
  for await (const after of scoreShuffled(model, pickEncoded(chunk, rows), shuffles))
    moved.push(movement(before, after));
  const strongest = [...features.keys()].sort((a, b) => (moved[b] as number) - (moved[a] as number));
  return strongest
    .slice(0, plan.features)
    .sort((a, b) => a - b)
    .map((index) => features[index] as string);
}

function rowsOf(values: Float32Array, rows: Uint32Array): Float32Array {
  return Float32Array.from(rows, (row) => values[row] as number);
}

/** The sum over the outputs of how far the probabilities moved, as a share of what they are. */
function movement(before: Probabilities, after: Probabilities): number {
  let movement = 0;
  for (const [output, values] of Object.entries(before)) {
    let [moved, total] = [0, 0];
    for (const [row, value] of values.entries()) {
      moved += Math.abs((after[output]?.[row] as number) - value);
      total += value;
    }
    if (total > 0) movement += moved / total;
  }
  return movement;
}
