/** How well equal values of a column tell a label. */
import { sortIndices } from '../../../numbers/sort.ts';

/** With fewer rows of a class, a feature may rank them all first by chance. */
export const LEAST_OF_CLASS = 10;

/** A column, and the order of its rows. */
export interface SortedColumn {
  readonly keys: Uint32Array;
  /** Rows in ascending order of their keys. */
  readonly order: Uint32Array;
}

/** The labels of a column's rows. */
export interface Labelled {
  /** 1 in the half of the rows that rates come from, 0 in the half that they are judged by. */
  readonly isFirst: Uint8Array;
  /** 1, 0 or unknown, which is negative. */
  readonly label: Int8Array;
  /** Whether the values have an order. */
  readonly isOrdered: boolean;
}

/** Returns a column with its rows in ascending order. */
export function sortColumn(keys: Uint32Array): SortedColumn {
  return { keys, order: sortIndices(upTo(keys.length), keys) };
}

/**
 * Returns the exact AUC, ties included, of the rates of the values: a value's rate in the first half of the rows is its
 * score in the other half, where a new value has the average rate. Where the values have an order, the values
 * themselves are scores of all rows, too, ascending or descending, and the greatest of the three AUCs is returned. It is
 * 0 where a class has too few rows.
 */
export function greatestAuc(column: SortedColumn, { isFirst, label, isOrdered }: Labelled): number {
  const byValue = new Auc();
  const rates = new Rates(column.order.length);
  // Node.js has an object for each number above 2^31 that a function reads before it is compiled.
  const keys = new Int32Array(column.keys.buffer, column.keys.byteOffset, column.keys.length);
  let [ones, zeros, firstOnes, firstZeros] = [0, 0, 0, 0];
  for (let at = 0; at < column.order.length; at++) {
    const row = column.order[at] as number;
    const [value, first] = [label[row] as number, isFirst[row] as number];
    if (value === 1) {
      ones++;
      firstOnes += first;
    } else if (value === 0) {
      zeros++;
      firstZeros += first;
    }
    // At the end of the rows the next key is undefined, which differs from every key.
    if (keys[column.order[at + 1] as number] === keys[row]) continue;
    byValue.add(ones, zeros);
    rates.add(firstOnes, firstZeros, ones - firstOnes, zeros - firstZeros);
    ones = zeros = firstOnes = firstZeros = 0;
  }
  const byRate = rates.auc();
  const ascending = byValue.value();
  return isOrdered && ascending > 0 ? Math.max(byRate, ascending, 1 - ascending) : byRate;
}

/** The AUC of scores that are added in ascending order, equal ones together. */
class Auc {
  /** In an array, because a field that is no integer would become a new object at each change. */
  readonly #won = new Float64Array(1);
  #ones = 0;
  #zeros = 0;

  add(ones: number, zeros: number): void {
    this.#won[0] = (this.#won[0] as number) + ones * (this.#zeros + zeros / 2);
    this.#ones += ones;
    this.#zeros += zeros;
  }

  /** 0 where a class has too few rows. */
  value(): number {
    if (Math.min(this.#ones, this.#zeros) < LEAST_OF_CLASS) return 0;
    return (this.#won[0] as number) / (this.#ones * this.#zeros);
  }
}

/** The rates of values, as scores of the judged rows. */
class Rates {
  /** Values that occur in both halves, with their judged rows of each class; place 0 is for all new values. */
  readonly #scores: Float64Array;
  readonly #ones: Uint32Array;
  readonly #zeros: Uint32Array;
  #used = 1;
  #firstOnes = 0;
  #firstZeros = 0;

  constructor(rows: number) {
    const most = 1 + (rows >> 1);
    this.#scores = new Float64Array(most);
    this.#ones = new Uint32Array(most);
    this.#zeros = new Uint32Array(most);
  }

  /** Adds a value by its rows of each class in the first half and in the judged one. */
  add(firstOnes: number, firstZeros: number, ones: number, zeros: number): void {
    this.#firstOnes += firstOnes;
    this.#firstZeros += firstZeros;
    if (ones + zeros === 0) return;
    const isNew = firstOnes + firstZeros === 0;
    const place = isNew ? 0 : this.#used++;
    if (!isNew) this.#scores[place] = firstOnes / (firstOnes + firstZeros);
    this.#ones[place] = (this.#ones[place] as number) + ones;
    this.#zeros[place] = (this.#zeros[place] as number) + zeros;
  }

  auc(): number {
    const scores = this.#scores.subarray(0, this.#used);
    scores[0] = this.#firstOnes / Math.max(1, this.#firstOnes + this.#firstZeros);
    const order = sortIndices(upTo(scores.length), scores);
    const auc = new Auc();
    let [ones, zeros] = [0, 0];
    for (let at = 0; at < order.length; at++) {
      const place = order[at] as number;
      ones += this.#ones[place] as number;
      zeros += this.#zeros[place] as number;
      if (scores[order[at + 1] as number] === scores[place]) continue;
      auc.add(ones, zeros);
      ones = zeros = 0;
    }
    return auc.value();
  }
}

function upTo(length: number): Uint32Array {
  const places = new Uint32Array(length);
  for (let i = 0; i < length; i++) places[i] = i;
  return places;
}
