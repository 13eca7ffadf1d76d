/** How well equal values of a column tell a label. */
import { type Keyed, sortByKeys, sortIndices } from '../../../numbers/sort.ts';

/** With fewer rows of a class, a feature may rank them all first by chance. */
export const LEAST_OF_CLASS = 10;

/** Stages whose labels fit beside the half in a code of 31 bits, which Node.js handles without an object. */
const STAGES_AT_ONCE = 15;
/** The label of a row whose outcome is unknown, in a code. */
const UNKNOWN = 2;

/** The rows of a sample, without the column that is looked at. */
export interface LabelledRows {
  /** 1 in the half of the rows that rates come from, 0 in the half that they are judged by. */
  readonly isFirst: Uint8Array;
  /** Labels by stage: 1, 0 or unknown, which is negative. */
  readonly labels: readonly Int8Array[];
}

/**
 * Returns, for each stage, the exact AUC, ties included, of the rates of a column's values: a value's rate in the first
 * half of the rows is its score in the other half, where a new value has the average rate. Where the values have an
 * order, the values themselves are scores of all rows, too, ascending or descending, and the greatest of the three AUCs
 * is returned. It is 0 where a class has too few rows.
 */
export function greatestAucs(keys: Uint32Array, { isFirst, labels }: LabelledRows, isOrdered: boolean): number[] {
  const aucs: number[] = [];
  for (let from = 0; from < labels.length; from += STAGES_AT_ONCE) {
    const some = labels.slice(from, from + STAGES_AT_ONCE);
    // The codes are sorted in the place of the rows, so that they are read in the order of the keys.
    const sorted = sortByKeys({ values: codesOf(isFirst, some), keys: keys.slice() });
    aucs.push(...some.map((_, stage) => aucOfStage(sorted, stage, isOrdered)));
  }
  return aucs;
}

function codesOf(isFirst: Uint8Array, labels: readonly Int8Array[]): Uint32Array {
  const codes = Uint32Array.from(isFirst);
  for (const [stage, label] of labels.entries()) {
    const shift = 1 + 2 * stage;
    for (let row = 0; row < codes.length; row++) {
      const value = label[row] as number;
      codes[row] = (codes[row] as number) | ((value < 0 ? UNKNOWN : value) << shift);
    }
  }
  return codes;
}

function aucOfStage({ values: codes, keys: unsigned }: Keyed, stage: number, isOrdered: boolean): number {
  // Node.js has an object for each number above 2^31 that a function reads before it is compiled.
  const keys = new Int32Array(unsigned.buffer, unsigned.byteOffset, unsigned.length);
  const shift = 1 + 2 * stage;
  const byValue = new Auc();
  const rates = new Rates(Math.min(distinct(keys), keys.length >> 1));
  let [ones, zeros, firstOnes, firstZeros] = [0, 0, 0, 0];
  for (let at = 0; at < keys.length; at++) {
    const code = codes[at] as number;
    const [label, first] = [(code >> shift) & 3, code & 1];
    if (label === 1) {
      ones++;
      firstOnes += first;
    } else if (label === 0) {
      zeros++;
      firstZeros += first;
    }
    // At the end of the rows the next key is undefined, which differs from every key.
    if (keys[at + 1] === keys[at]) continue;
    if (isOrdered) byValue.add(ones, zeros);
    rates.add(firstOnes, firstZeros, ones - firstOnes, zeros - firstZeros);
    ones = zeros = firstOnes = firstZeros = 0;
  }
  const [byRate, ascending] = [rates.auc(), byValue.value()];
  return isOrdered && ascending > 0 ? Math.max(byRate, ascending, 1 - ascending) : byRate;
}

/** Returns the number of different keys, which are sorted. */
function distinct(keys: Int32Array): number {
  let count = 0;
  for (let at = 0; at < keys.length; at++) if (keys[at + 1] !== keys[at]) count++;
  return count;
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

  /** @param most Greatest number of values that occur in both halves. */
  constructor(most: number) {
    this.#scores = new Float64Array(1 + most);
    this.#ones = new Uint32Array(1 + most);
    this.#zeros = new Uint32Array(1 + most);
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
