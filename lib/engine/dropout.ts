import type { MaskSpec } from '../model/network.ts';
import { randomStream } from '../numbers/random.ts';

/** What the dropout masks of a step depend on, besides their names. */
export interface Dropout {
  /** Share of the units that are dropped. */
  readonly rate: number;
  readonly seed: number;
  /** Global training step, counted from 1. */
  readonly step: number;
}

/**
 * Draws the dropout masks of a step, each [rows, units] of 0 or 1 / (1 - rate), by name. A mask depends only on the
 * seed, the step and its name, so that a resumed training drops the same units as an uninterrupted one.
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
