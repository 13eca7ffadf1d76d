const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Sorts row indices by a column of non-negative numbers, ascending, and returns a new array. Rows of equal value keep
 * their order; to sort by several columns, sort by the least significant one first.
 *
 * It is a radix sort, which needs no call of a comparison: the bit patterns of non-negative IEEE numbers are in the
 * order of the numbers.
 */
export function sortIndices(indices: Uint32Array, column: Float32Array | Float64Array): Uint32Array {
  const digitsPerValue = (column.BYTES_PER_ELEMENT * 8) / DIGIT_BITS;
  const digits = new Uint16Array(column.buffer, column.byteOffset, column.length * digitsPerValue);
  let from = indices.slice();
  let to = new Uint32Array(indices.length);
  for (let digit = 0; digit < digitsPerValue; digit++) {
    // The sign bit is left out, so that -0 equals 0.
    const mask = digit === digitsPerValue - 1 ? DIGITS / 2 - 1 : DIGITS - 1;
    scatterByDigit({ from, to, digits, digitsPerValue, digit, mask });
    [from, to] = [to, from];
  }
  return from;
}

/** One pass of the sort: by one digit of every value. */
interface DigitPass {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /**
   * The 16-bit digits of every value, lowest first: typed arrays are little-endian on every platform of onnxruntime.
   */
  readonly digits: Uint16Array;
  readonly digitsPerValue: number;
  readonly digit: number;
  readonly mask: number;
}

function scatterByDigit({ from, to, digits, digitsPerValue, digit, mask }: DigitPass): void {
  const next = new Uint32Array(DIGITS);
  for (const index of from) {
    const value = (digits[index * digitsPerValue + digit] as number) & mask;
    next[value] = (next[value] as number) + 1;
  }
  let start = 0;
  for (let value = 0; value < DIGITS; value++) {
    const count = next[value] as number;
    next[value] = start;
    start += count;
  }
  for (const index of from) {
    const value = (digits[index * digitsPerValue + digit] as number) & mask;
    const place = next[value] as number;
    to[place] = index;
    next[value] = place + 1;
  }
}
