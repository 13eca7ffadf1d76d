/** Losses of single rows, for comparing two models row by row. */

/** A stage of the loss: its output, given the root, and its weight. */
export interface LossStage {
  readonly stage: string;
  readonly output: string;
  readonly weight: number;
}

// The least float32 above 0: a certain prediction that is wrong costs 103 nats, and a mean stays a number.
const LEAST_PROBABILITY = 2 ** -149;

/** Cross-entropy in nats; 0 where the label is unknown. */
export function crossEntropy(probability: number, label: number): number {
  if (label === 1) return -Math.log(Math.max(probability, LEAST_PROBABILITY));
  return label === 0 ? -Math.log(Math.max(1 - probability, LEAST_PROBABILITY)) : 0;
}

/**
 * The loss that training minimises, of each row: the weighted sum over the labelled stages of the cross-entropy of
 * reaching them from the root; an unknown label adds nothing.
 */
export function rowLosses(
  stages: readonly LossStage[],
  probabilities: Readonly<Record<string, Float32Array>>,
  labels: Readonly<Record<string, Int8Array>>,
): Float64Array {
  const losses = new Float64Array(Object.values(labels)[0]?.length ?? 0);
  for (const { stage, output, weight } of stages) {
    const [probability, label] = [probabilities[output], labels[stage]];
    if (probability === undefined || label === undefined) throw new Error(`loss lacks ${output} or label ${stage}`);
    for (let row = 0; row < losses.length; row++)
      losses[row] = (losses[row] as number) + weight * crossEntropy(probability[row] as number, label[row] as number);
  }
  return losses;
}
