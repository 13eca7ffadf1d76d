/** The rows of a cache that are in memory at once, from which batches are made. */
import type { Batch, SharedBatchRows } from '../../engine/engine.ts';
import { columnsOf, type FileColumns, type FileLayout } from './column-file.ts';

/** The groups of columns that a batch has. */
export type BatchGroup = 'ids' | 'coefficients' | 'numbers' | 'labels' | 'weights';

/** The groups of columns that a cache has. The rows' groups are only for their order. */
export type CacheGroup = BatchGroup | 'groups';

/** What is known of the rows of all windows. */
export interface WindowRows {
  /** Mean row weight, by which the weights are divided. */
  readonly meanWeight: number;
  /** Names of the user's inputs. */
  readonly users: ReadonlySet<string>;
}

/** Rows of a batch share users from this mean number of rows of a user on; with fewer, little would be gained. */
const LEAST_ROWS_OF_USER = 2;

const INPUT_GROUPS: readonly BatchGroup[] = ['ids', 'coefficients', 'numbers'];

type Values = Int32Array | Float32Array;

interface Column {
  readonly group: BatchGroup;
  readonly name: string;
  /** Elements of a row. */
  readonly length: number;
  readonly values: Values;
  readonly isUsers: boolean;
}

/** The rows of a window, column by column. */
export class Window {
  readonly #columns: readonly Column[];
  readonly #meanWeight: number;

  constructor(layout: FileLayout<BatchGroup>, columns: FileColumns<BatchGroup>, { meanWeight, users }: WindowRows) {
    this.#columns = columnsOf(layout, columns).map((column) => {
      return { ...column, isUsers: INPUT_GROUPS.includes(column.group) && users.has(column.name) };
    });
    this.#meanWeight = meanWeight;
  }

  /**
   * Returns the rows at these positions of the window as a batch. If `isByGroup`, neighbours that have the same inputs
   * of the user share them, where enough do.
   */
  batch(positions: Uint32Array, isByGroup: boolean): Batch {
    const rows = positions.length;
    const users = isByGroup ? this.#users(positions) : null;
    const groups = { ids: {}, coefficients: {}, numbers: {}, labels: {}, weights: {} } as {
      readonly [G in BatchGroup]: Record<string, G extends 'ids' ? Int32Array : Float32Array>;
    };
    for (const { group, name, length, values, isUsers } of this.#columns) {
      const taken = isUsers && users !== null ? users.positions : positions;
      if (values instanceof Int32Array) {
        if (group === 'ids') groups.ids[name] = copyRows(values, taken, length, new Int32Array(taken.length * length));
      } else if (group !== 'ids')
        groups[group][name] = copyRows(values, taken, length, new Float32Array(taken.length * length));
    }
    const scale = 1 / (rows * this.#meanWeight);
    for (const values of Object.values(groups.weights)) for (let i = 0; i < rows; i++) (values[i] as number) *= scale;
    return users === null ? { rows, ...groups } : { rows, ...groups, shared: users.shared };
  }

  /**
   * Returns the positions of the users of neighbouring rows, and which of them each row has; `null` where too few rows
   * share one.
   */
  #users(positions: Uint32Array): { readonly positions: Uint32Array; readonly shared: SharedBatchRows } | null {
    const columns = this.#columns
      .filter(({ isUsers }) => isUsers)
      .map(({ values, length }) => ({ bits: bitsOf(values), length }));
    if (columns.length === 0) return null;
    const rows = new Int32Array(positions.length);
    const distinct = new Uint32Array(positions.length);
    let count = 0;
    for (let i = 0; i < positions.length; i++) {
      const row = positions[i] as number;
      if (i === 0 || !areEqual(columns, row, positions[i - 1] as number)) distinct[count++] = row;
      rows[i] = count - 1;
    }
    if (positions.length < LEAST_ROWS_OF_USER * count) return null;
    return { positions: distinct.subarray(0, count), shared: { entity: 'user', distinct: count, rows } };
  }
}

function copyRows<T extends Values>(from: T, positions: Uint32Array, length: number, to: T): T {
  if (length === 1) {
    for (let i = 0; i < positions.length; i++) to[i] = from[positions[i] as number] as number;
    return to;
  }
  for (let i = 0; i < positions.length; i++) {
    const [source, target] = [(positions[i] as number) * length, i * length];
    for (let k = 0; k < length; k++) to[target + k] = from[source + k] as number;
  }
  return to;
}

/** Returns the bits of values, by which missing numbers, which are NaN, are equal. */
function bitsOf({ buffer, byteOffset, length }: Values): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function areEqual(
  columns: readonly { readonly bits: Int32Array; readonly length: number }[],
  row: number,
  other: number,
): boolean {
  for (const { bits, length } of columns) {
    for (let k = 0; k < length; k++) if (bits[row * length + k] !== bits[other * length + k]) return false;
  }
  return true;
}
