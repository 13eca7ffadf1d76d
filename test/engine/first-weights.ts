import type { Weights } from '../../lib/engine/engine.ts';
import type { Model } from '../../lib/model/model.ts';
import { type StageRates, weightsInPieces } from '../../lib/training/weights/initial-weights.ts';

/** Returns the initial weights of a small model, as `initialWeights` does, at once. */
export function firstWeights(model: Model, rates: StageRates, seed: number): Weights {
  const drawing = weightsInPieces(model, rates, seed);
  for (;;) {
    const { done, value } = drawing.next();
    if (done) return value;
  }
}
