/** By how much a loss falls. */

/** A weighted mean over rows, and its standard error. */
export interface Mean {
  readonly mean: number;
  readonly standardError: number;
}

/** Returns by how much losses fall from one way to another, row by row; negative where they rise. */
export function gainOf(from: Float64Array, to: Float64Array, weight: Float32Array | null): Mean {
  return meanOf(
    from.map((loss, row) => loss - (to[row] as number)),
    weight,
  );
}

/** Returns the weighted mean of values. */
export function meanOf(values: Float64Array, weight: Float32Array | null): Mean {
  const weightOf = (row: number) => (weight === null ? 1 : (weight[row] as number));
  const total = values.reduce((sum, _, row) => sum + weightOf(row), 0);
  const mean = values.reduce((sum, value, row) => sum + weightOf(row) * value, 0) / total;
  const squares = values.reduce((sum, value, row) => sum + (weightOf(row) * (value - mean)) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares) / total };
}

/** Says by how much, and in which direction: `1.2e-4 (standard error 3.0e-5) lower`. */
export function differenceText({ mean, standardError }: Mean): string {
  const size = `${Math.abs(mean).toExponential(1)} (standard error ${standardError.toExponential(1)})`;
  return `${size} ${mean > 0 ? 'lower' : 'higher'}`;
}
