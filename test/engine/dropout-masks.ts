/** Dropout masks, value by value: the reference for the kernel that draws them. */
import type { MaskSpec } from '../../lib/model/network.ts';
import { randomStream } from '../../lib/numbers/random.ts';

/** What the masks of a step depend on, besides their names. */
export interface Dropout {
  readonly rate: number;
  readonly seed: number;
  readonly step: number;
}

/** Draws the masks of a step, each [rows, units] of 0 or 1 / (1 - rate), by name. */
export function dropoutMasks(
  masks: readonly MaskSpec[],
  rows: number,
  { rate, seed, step }: Dropout,
): Record<string, Float32Array> {
  return Object.fromEntries(
    masks.map(({ name, units }) => {
      const random = randomStream(seed, `dropout/${name}/${step}`);
      const value = (index: number) => (random.uniform(index) < rate ? 0 : 1 / (1 - rate));
      return [name, Float32Array.from({ length: rows * units }, (_, index) => value(index))];
    }),
  );
}
