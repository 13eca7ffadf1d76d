/** Rows whose labels are all known: those on which every metric is defined. */
import type { FunnelRows } from '../../evaluation/funnel.ts';

/** Indices of the rows of which every label is known. */
export function matureRows(labels: FunnelRows['labels']): Uint32Array {
  const columns = Object.values(labels);
  const all = Uint32Array.from({ length: columns[0]?.length ?? 0 }, (_, row) => row);
  return all.filter((row) => columns.every((label) => (label[row] as number) >= 0));
}

/** Picks rows by their indices. Where that is all rows, as it mostly is, the given arrays are returned, not copies. */
export function pickRows(from: FunnelRows, rows: Uint32Array): FunnelRows {
  const { probabilities, labels, weight, group } = from;
  if (Object.values(labels).every(({ length }) => length === rows.length)) return from;
  const floats = (column: Float32Array) => Float32Array.from(rows, (row) => column[row] as number);
  const each = <T>(columns: Readonly<Record<string, T>>, pick: (column: T) => T) =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, pick(column)]));
  return {
    probabilities: each(probabilities, floats),
    labels: each(labels, (column) => Int8Array.from(rows, (row) => column[row] as number)),
    weight: weight && floats(weight),
    group: group && Float64Array.from(rows, (row) => group[row] as number),
  };
}
