/** Dropout: which units a training step drops. */
import { randomStream } from '../../numbers/random.ts';

/** What the dropout masks of a step depend on, besides their names. */
export interface Dropout {
  /** Share of the units that are dropped. */
  readonly rate: number;
  readonly seed: number;
  /** Global training step, counted from 1. */
  readonly step: number;
}

/** How the kernel `dropout` draws a mask. */
export interface MaskDraws {
  /** Key of the stream of random bits; those of index `row * units + unit` are the unit's. */
  readonly key: number;
  /** A unit is dropped where its 32 bits, as an unsigned integer, are below this. */
  readonly threshold: number;
  /** Value of the mask where a unit is kept; 0 where it is dropped. */
  readonly kept: number;
}

/**
 * Returns how a mask of a step is drawn. A unit of a row depends only on the seed, the step, the mask's name and its
 * place in the batch, so that a resumed training drops the same units as an uninterrupted one, on any number of threads.
 */
export function maskDraws(name: string, { rate, seed, step }: Dropout): MaskDraws {
  const { key } = randomStream(seed, `dropout/${name}/${step}`);
  return { key, threshold: Math.ceil(rate * 2 ** 32), kept: 1 / (1 - rate) };
}
