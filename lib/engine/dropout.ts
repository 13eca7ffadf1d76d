import type { MaskSpec } from '../model/network.ts';
import { randomStream } from '../numbers/random.ts';

export interface Dropout {
  /** Share of the units that are dropped. */
  readonly rate: number;
  readonly seed: number;
  /** Step of the training, counted from 1. */
  readonly step: number;
}

/**
 * Draws the masks of a step, each [rows, units] of 0 or 1 / (1 - rate), by name. They depend on the seed, the step and
 * the mask's name alone, so that a continued training drops what it would have dropped without the interruption.
 */
export function dropoutMasks(
  masks: readonly MaskSpec[],
  rows: number,
  { rate, seed, step }: Dropout,
): Record<string, Float32Array> {
  const kept = 1 / (1 - rate);
  return Object.fromEntries(
    masks.map(({ name, units }) => {
      const random = randomStream(seed, `dropout/${name}/${step}`);
      return [name, Float32Array.from({ length: rows * units }, (_, i) => (random.uniform(i) < rate ? 0 : kept))];
    }),
  );
}
