/**
 * Solves a system of linear equations of a positive definite matrix by elimination.
 * @param matrix an array for each row.
 */
export function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const rows = matrix.map((line, i) => Float64Array.from([...line, right[i] as number]));
  for (let pivot = 0; pivot < size; pivot++) {
    const head = rows[pivot] as Float64Array;
    for (let i = 0; i < size; i++) {
      if (i === pivot) continue;
      const line = rows[i] as Float64Array;
      const factor = (line[pivot] as number) / (head[pivot] as number);
      for (let j = pivot; j <= size; j++) line[j] = (line[j] as number) - factor * (head[j] as number);
    }
  }
  return Float64Array.from(rows, (line, i) => (line[size] as number) / (line[i] as number));
}
