import type { TableSpec } from '../../table/encoded.ts';

/**
 * Gives every embedding row that no training row touched (an unknown bucket without values, a missing value that was
 * never missing) the mean of the touched rows, instead of the random values with which it began.
 */
export function fillUntrainedRows(
  specs: readonly TableSpec[],
  tables: Readonly<Record<string, Float32Array>>,
  touched: Readonly<Record<string, Uint8Array>>,
): { tables: Record<string, Float32Array>; filledRows: Record<string, number> } {
  const filled: Record<string, Float32Array> = {};
  const filledRows: Record<string, number> = {};
  for (const { name, rows, dimension } of specs) {
    const values = (tables[name] as Float32Array).slice();
    const isTouched = touched[name] as Uint8Array;
    const mean = meanRow(values, isTouched, dimension);
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if (isTouched[row] === 1) continue;
      values.set(mean, row * dimension);
      count++;
    }
    filled[name] = values;
    filledRows[name] = count;
  }
  return { tables: filled, filledRows };
}

function meanRow(values: Float32Array, isTouched: Uint8Array, dimension: number): Float32Array {
  const sum = new Float64Array(dimension);
  let count = 0;
  isTouched.forEach((flag, row) => {
    if (flag !== 1) return;
    count++;
    for (let k = 0; k < dimension; k++) sum[k] = (sum[k] as number) + (values[row * dimension + k] as number);
  });
  return Float32Array.from(sum, (total) => (count === 0 ? 0 : total / count));
}
