import { sortIndices } from '../numbers/sort.ts';

/** Scored rows with the label of one task, column by column. The arrays are never written to. */
export interface ScoredRows {
  /** Probability of the label, from 0 to 1. */
  readonly probability: Float32Array;
  /** Label: 1, 0, or -1 where the outcome is not known yet. */
  readonly label: Int8Array;
  /** Number of rows of the full log that a row stands for, above 0; `null` where all weights are 1. */
  readonly weight: Float32Array | null;
  /** Id of the group (user) of each row, not negative; `null` where rows have no group. */
  readonly group: Float64Array | null;
}

/**
 * Checks that all columns have the length of `probability`, and values in their range.
 * @throws {RangeError} naming each wrong column, with its length, or its first wrong value, the row, and the count.
 */
export function checkRows({ probability, label, weight, group }: ScoredRows): void {
  const problems = [
    ...columnProblems('probability', probability, probability.length, 'a number from 0 to 1', (x) => x >= 0 && x <= 1),
    ...columnProblems('label', label, probability.length, '1, 0 or -1', (x) => x === 1 || x === 0 || x === -1),
    ...columnProblems('weight', weight, probability.length, 'a finite number above 0', (x) => x > 0 && x < Infinity),
    ...columnProblems('group', group, probability.length, 'a non-negative id', (x) => x >= 0 && x < Infinity),
  ];
  if (problems.length > 0) throw new RangeError(problems.join('; '));
}

/** Returns the indices of the rows whose label is known, sorted by ascending probability, then weight. */
export function ascendingOrder({ probability, label, weight }: ScoredRows): Uint32Array {
  const known = indicesWhere(label, (value) => value >= 0);
  // With tied rows sorted by weight, the sums over them do not depend on the order of the rows, to the last bit.
  return sortIndices(weight === null ? known : sortIndices(known, weight), probability);
}

/** Returns a copy of the rows that reached a stage: those whose label in `given` is 1. */
export function rowsReaching(rows: ScoredRows, given: Int8Array): ScoredRows {
  const indices = indicesWhere(given, (value) => value === 1);
  return {
    probability: Float32Array.from(indices, (index) => rows.probability[index] as number),
    label: Int8Array.from(indices, (index) => rows.label[index] as number),
    weight: rows.weight && Float32Array.from(indices, (index) => rows.weight?.[index] as number),
    group: rows.group && Float64Array.from(indices, (index) => rows.group?.[index] as number),
  };
}

function indicesWhere(column: Int8Array, holds: (value: number) => boolean): Uint32Array {
  const indices = new Uint32Array(column.length);
  let count = 0;
  for (let index = 0; index < column.length; index++) {
    if (holds(column[index] as number)) indices[count++] = index;
  }
  return indices.subarray(0, count);
}

function columnProblems(
  name: string,
  column: Float32Array | Float64Array | Int8Array | null,
  rows: number,
  expected: string,
  isValid: (value: number) => boolean,
): string[] {
  if (column === null) return [];
  if (column.length !== rows) return [`${name} must have ${rows} rows like probability, got ${column.length}`];
  let bad = 0;
  let first = -1;
  for (let row = 0; row < rows; row++) {
    if (isValid(column[row] as number)) continue;
    if (bad === 0) first = row;
    bad++;
  }
  return bad === 0
    ? []
    : [`${name} must be ${expected}, got ${column[first]} at row ${first} (from 0; ${bad} such rows)`];
}
