import type { BagInput } from '../table/encoded.ts';

/**
 * Writes the combiner's coefficient of each value of a bag: sum: w; mean: w / sum w; sqrtn: w / sqrt(sum w^2). A bag
 * without weight is its first slot, whose id is then 0, the missing value.
 */
export function bagCoefficients(combiner: BagInput['combiner'], weights: Float32Array, into: Float32Array): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) {
    into.fill(0);
    into[0] = 1;
    return;
  }
  const norm =
    combiner === 'sum'
      ? 1
      : combiner === 'mean'
        ? total
        : Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
  for (let i = 0; i < weights.length; i++) into[i] = (weights[i] as number) / norm;
}
