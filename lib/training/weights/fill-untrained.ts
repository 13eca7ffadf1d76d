import type { TableSpec } from '../../table/encoded.ts';

/**
 * Gives every embedding row that no training row touched (an unknown bucket without values, a missing value that was
 * never missing) the mean of the touched rows, instead of the random values with which it began. Changes `tables`, and
 * returns the number of rows that it filled in each.
 */
export function fillUntrainedRows(
  specs: readonly TableSpec[],
  tables: Readonly<Record<string, Float32Array>>,
  touched: Readonly<Record<string, Uint8Array>>,
): Record<string, number> {
  const filledRows: Record<string, number> = {};
  for (const { name, rows, dimension } of specs) {
    const values = tables[name] as Float32Array;
    const isTouched = touched[name] as Uint8Array;
    const mean = meanRow(values, isTouched, dimension);
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if (isTouched[row] === 1) continue;
      values.set(mean, row * dimension);
      count++;
    }
    filledRows[name] = count;
  }
  return filledRows;
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
