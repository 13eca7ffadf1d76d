const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const DIGITS_PER_WORD = Math.ceil(32 / DIGIT_BITS);

/**
 * Sorts row indices by a column of non-negative numbers, ascending, and returns a new array. Rows of equal value keep
 * their order; to sort by several columns, sort by the least significant one first.
 *
 * It is a radix sort, which needs no call of a comparison: the bit patterns of non-negative IEEE numbers are in the
 * order of the numbers.
 */
export function sortIndices(indices: Uint32Array, column: Float32Array | Float64Array): Uint32Array {
  const wordsPerValue = column.BYTES_PER_ELEMENT / 4;
  // Lowest word first: typed arrays are little-endian on every platform of onnxruntime.
  const words = new Uint32Array(column.buffer, column.byteOffset, column.length * wordsPerValue);
  let order: Uint32Array = indices.slice();
  for (let word = 0; word < wordsPerValue; word++) {
    // The sign bit is left out, so that -0 equals 0.
    const mask = word === wordsPerValue - 1 ? 0x7fffffff : 0xffffffff;
    const keys = new Uint32Array(order.length);
    for (let place = 0; place < keys.length; place++)
      keys[place] = (words[(order[place] as number) * wordsPerValue + word] as number) & mask;
    order = sortByKeys({ values: order, keys }).values;
  }
  return order;
}

/** Values of 32 bits, each with an unsigned key. */
export interface Keyed {
  readonly values: Uint32Array;
  readonly keys: Uint32Array;
}

/**
 * Sorts values by their keys, ascending, and overwrites both. Values of equal keys keep their order. The keys move
 * along, so that every pass reads memory in order.
 */
export function sortByKeys({ values, keys }: Keyed): Keyed {
  const counts = countDigits(keys);
  let from: Keyed = { values, keys };
  let to: Keyed = { values: new Uint32Array(values.length), keys: new Uint32Array(keys.length) };
  for (let digit = 0; digit < DIGITS_PER_WORD; digit++) {
    const next = counts.subarray(digit * DIGITS, (digit + 1) * DIGITS);
    // Where all have the same digit, as in the exponents of small probabilities, they are in order already.
    if (next.includes(keys.length)) continue;
    startsOf(next);
    scatter(from, to, digit * DIGIT_BITS, next);
    [from, to] = [to, from];
  }
  return from;
}

/** How often each digit occurs at each place of the keys, lowest place first. */
function countDigits(keys: Uint32Array): Uint32Array {
  const counts = new Uint32Array(DIGITS_PER_WORD * DIGITS);
  for (const key of keys) {
    for (let digit = 0; digit < DIGITS_PER_WORD; digit++) {
      const at = digit * DIGITS + ((key >>> (digit * DIGIT_BITS)) & (DIGITS - 1));
      counts[at] = (counts[at] as number) + 1;
    }
  }
  return counts;
}

/** Replaces counts by the sum of those before each. */
function startsOf(counts: Uint32Array): void {
  let start = 0;
  for (let value = 0; value < counts.length; value++) {
    const count = counts[value] as number;
    counts[value] = start;
    start += count;
  }
}

/** Moves values to the next free place of their digit, and counts that up. */
function scatter(from: Keyed, to: Keyed, shift: number, next: Uint32Array): void {
  for (let place = 0; place < from.keys.length; place++) {
    const key = from.keys[place] as number;
    const digit = (key >>> shift) & (DIGITS - 1);
    const target = next[digit] as number;
    to.keys[target] = key;
    to.values[target] = from.values[place] as number;
    next[digit] = target + 1;
  }
}
