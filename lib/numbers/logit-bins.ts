/** The bins in which probabilities are counted: fixed ones, so that counts of any two sets of rows can be added. */

/** Number of bins. */
export const LOGIT_BINS = 64;
/** Logit at which the first bin would begin, were it not open below: a probability of 6e-6. */
export const FIRST_LOGIT = -12;
/** Width of a bin in the logit. The last bin, open above, begins at a probability of 0.977. */
export const LOGIT_STEP = 0.25;

/** Lower end of each bin as a probability; 0 for the first, which is open below. */
export const BIN_STARTS: readonly number[] = Array.from({ length: LOGIT_BINS }, (_, bin) =>
  bin === 0 ? 0 : 1 / (1 + Math.exp(-(FIRST_LOGIT + bin * LOGIT_STEP))),
);

/** Shift by which the bits of a positive float32 become its sign, its exponent and five bits of its fraction. */
const SHIFT = 18;
/** The bits of the least float32 of each bin, and, after the last one, more than those of any. */
const START_BITS = startBits();
/** By sign, exponent and five bits of the fraction, the bin of the least float32 that has them. */
const FIRST_BINS = firstBins();

/** Counts the bins of probabilities, in place. @param counts `LOGIT_BINS` of them. */
export function countLogits(probabilities: Float32Array, counts: Uint32Array): void {
  const all = new Int32Array(probabilities.buffer, probabilities.byteOffset, probabilities.length);
  for (let i = 0; i < all.length; i++) {
    // Positive floats have the order of their bits; the sign of others, as of -0, makes a negative integer of them.
    const bits = Math.max(all[i] as number, 0);
    let bin = FIRST_BINS[bits >> SHIFT] as number;
    while (bits >= (START_BITS[bin + 1] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
}

/** Numbers by bin, without the zeros at both ends: many counts are of a few neighbouring bins. */
export interface Bins {
  /** Bin of the first value. */
  readonly from: number;
  readonly values: readonly number[];
}

/** Returns values by bin without the zeros at both ends. @param all `LOGIT_BINS` of them. */
export function trimmedBins(all: ArrayLike<number>): Bins {
  const values = Array.from(all);
  const from = values.findIndex((value) => value !== 0);
  if (from < 0) return { from: 0, values: [] };
  return { from, values: values.slice(from, values.findLastIndex((value) => value !== 0) + 1) };
}

/** Returns the values of all bins. */
export function allBins({ from, values }: Bins): number[] {
  const all = new Array<number>(LOGIT_BINS).fill(0);
  for (const [index, value] of values.entries()) all[from + index] = value;
  return all;
}

/** Adds values by bin. */
export function addBins(a: Bins, b: Bins): Bins {
  const [left, right] = [allBins(a), allBins(b)];
  return trimmedBins(left.map((value, bin) => value + (right[bin] as number)));
}

function startBits(): Int32Array {
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  const starts = BIN_STARTS.map((start) => {
    value[0] = start;
    return (bits[0] as number) + ((value[0] as number) < start ? 1 : 0);
  });
  return Int32Array.from([...starts, 0x7fffffff]);
}

function firstBins(): Uint8Array {
  const first = new Uint8Array(0x80000000 >>> SHIFT);
  let bin = 0;
  for (let index = 0; index < first.length; index++) {
    while (index << SHIFT >= (START_BITS[bin + 1] as number)) bin++;
    first[index] = bin;
  }
  return first;
}
