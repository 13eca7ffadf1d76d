/** The rows on which calibrators.py fits its calibrators, computed here in the same way. */
const ROWS = 4_000;

/** The rows, column by column. */
export interface CalibratorRows {
  /** Logits of a click. */
  readonly click: Float64Array;
  /** Logits of a conversion after a click. */
  readonly conversion: Float64Array;
  /** Whether the row was clicked, 1 or 0. */
  readonly y: Int8Array;
  /** Whether the row was converted, 1 or 0; -1 where that is not known. */
  readonly z: Int8Array;
  readonly weight: Float32Array;
}

/** Returns the rows of calibrators.py. */
export function calibratorRows(): CalibratorRows {
  const of = (value: (row: number) => number) => Float64Array.from({ length: ROWS }, (_, row) => value(row));
  const click = of((row) => rounded(-1.5 + 2 * wave(row, 0.7, 0.1), 2));
  const conversion = of((row) => rounded(-0.5 + 1.5 * wave(row, 1.3, 0.4), 1));
  const y = Int8Array.from(click, (x, row) => Number(uniform(row, 0.3) < sigmoid(0.6 * x + 0.4)));
  const z = Int8Array.from(conversion, (x, row) => {
    if (row % 7 === 0) return -1;
    return Number(y[row] === 1 && uniform(row, 0.9) < sigmoid(1.7 * x - 0.8));
  });
  return { click, conversion, y, z, weight: Float32Array.from(click, (_, row) => (row % 3 === 0 ? 2 : 0.5)) };
}

function wave(row: number, frequency: number, phase: number): number {
  return Math.sin(row * frequency + phase);
}

function uniform(row: number, salt: number): number {
  return rounded(Math.abs(wave(row, 12.9898, salt)) * 43758.5453, 3) % 1;
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
