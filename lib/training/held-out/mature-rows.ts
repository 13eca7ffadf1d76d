/** Rows whose labels are all known: those on which every metric is defined. */
import { evaluateFunnel, type FunnelMetrics, type FunnelOptions, type FunnelRows } from '../../evaluation/funnel.ts';

/** The held-out rows whose labels are all known, which the gate and the report are about. */
export interface MatureRows {
  /** Their places among the held-out rows, ascending. */
  readonly indices: Uint32Array;
  /** Metrics of the new version on them. */
  readonly metrics: FunnelMetrics;
  /** Metrics of the new version without its calibration; `null` where nothing was calibrated. */
  readonly uncalibrated: FunnelMetrics | null;
}

/** Indices of the rows of which every label is known. */
export function matureIndices(labels: FunnelRows['labels']): Uint32Array {
  const columns = Object.values(labels);
  const rows = new Uint32Array(columns[0]?.length ?? 0);
  let count = 0;
  for (let row = 0; row < rows.length; row++)
    if (columns.every((label) => (label[row] as number) >= 0)) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Measures a model on all held-out rows, and on the mature ones; they are mostly the same, and measured once then. */
export function measureHeldOut(
  heldOut: FunnelRows,
  mature: Uint32Array,
  options: FunnelOptions,
): { readonly all: FunnelMetrics; readonly mature: FunnelMetrics } {
  const all = evaluateFunnel(heldOut, options);
  const rows = pickRows(heldOut, mature);
  return { all, mature: rows === heldOut ? all : evaluateFunnel({ ...rows, group: null }, options) };
}

/** Picks rows by their indices. Where that is all rows, as it mostly is, the given arrays are returned, not copies. */
export function pickRows(from: FunnelRows, rows: Uint32Array): FunnelRows {
  const { probabilities, labels, weight, group } = from;
  if (Object.values(labels).every(({ length }) => length === rows.length)) return from;
  const floats = (column: Float32Array) => pick(column, rows, new Float32Array(rows.length));
  const each = <T>(columns: Readonly<Record<string, T>>, pickOne: (column: T) => T) =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, pickOne(column)]));
  return {
    probabilities: each(probabilities, floats),
    labels: each(labels, (column) => pick(column, rows, new Int8Array(rows.length))),
    weight: weight && floats(weight),
    group: group && pick(group, rows, new Float64Array(rows.length)),
  };
}

/** Copies the values at these indices into an array of as many. */
export function pick<T extends Int8Array | Float32Array | Float64Array>(column: T, rows: Uint32Array, into: T): T {
  for (let place = 0; place < rows.length; place++) into[place] = column[rows[place] as number] as number;
  return into;
}
