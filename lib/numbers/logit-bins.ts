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
/** By those bits, the bin of the least float32 that has them. */
const FIRST_BINS = firstBins();

/** Counts the bins of probabilities, in place. @param counts `LOGIT_BINS` of them. */
export function countLogits(probabilities: Float32Array, counts: Uint32Array): void {
  const bits = new Uint32Array(probabilities.buffer, probabilities.byteOffset, probabilities.length);
  for (let i = 0; i < bits.length; i++) {
    const probability = probabilities[i] as number;
    let bin = FIRST_BINS[(bits[i] as number) >>> SHIFT] ?? 0;
    while (bin < LOGIT_BINS - 1 && probability >= (BIN_STARTS[bin + 1] as number)) bin++;
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

function firstBins(): Uint8Array {
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  const first = new Uint8Array(0x80000000 >>> SHIFT);
  let bin = 0;
  for (let index = 0; index < first.length; index++) {
    bits[0] = index << SHIFT;
    // Positive floats have the order of their bits.
    while (bin < LOGIT_BINS - 1 && (value[0] as number) >= (BIN_STARTS[bin + 1] as number)) bin++;
    first[index] = bin;
  }
  return first;
}
