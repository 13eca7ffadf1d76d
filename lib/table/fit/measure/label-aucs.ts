/** How well equal values of a column tell a label. */
import { sortIndices } from '../../../numbers/sort.ts';

/** With fewer rows of a class, a feature may rank them all first by chance. */
export const LEAST_OF_CLASS = 10;

/** The rows of a column in the order of its values, as runs of equal ones. */
export interface Runs {
  readonly order: Uint32Array;
  /** For each run, the end of its rows in `order`; the next one begins there. */
  readonly ends: Uint32Array;
}

/** Returns the rows of a column in ascending order. */
export function runsOf(keys: Uint32Array): Runs {
  const order = sortIndices(upTo(keys.length), keys);
  // Node.js has an object for each number above 2^31 that a function reads before it is compiled.
  const signed = new Int32Array(keys.buffer, keys.byteOffset, keys.length);
  const ends = new Uint32Array(keys.length);
  let runs = 0;
  let before = signed[order[0] ?? 0];
  for (let i = 1; i < order.length; i++) {
    const key = signed[order[i] as number];
    if (key !== before) ends[runs++] = i;
    before = key;
  }
  if (order.length > 0) ends[runs++] = order.length;
  return { order, ends: ends.subarray(0, runs) };
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

/**
 * Returns the exact AUC, ties included, of the rates of the values: a value's rate in the first half of the rows is its
 * score in the other half, where a new value has the average rate. Where the values have an order, the values
 * themselves are scores of all rows, too, ascending or descending, and the greatest of the three AUCs is returned. It is
 * 0 where a class has too few rows.
 */
export function greatestAuc(runs: Runs, labelled: Labelled): number {
  const tallies = tallyRuns(runs, labelled);
  const { scores, ones, zeros } = judgedRates(tallies);
  const byRate = auc(sortIndices(upTo(scores.length), scores), { scores, ones, zeros });
  if (!labelled.isOrdered) return byRate;
  const places = upTo(runs.ends.length);
  const byValue = auc(places, { scores: places, ones: tallies.allOnes, zeros: tallies.allZeros });
  return Math.max(byRate, byValue, byValue === 0 ? 0 : 1 - byValue);
}

/** Rows of each class in each run: in the half of the rows that rates come from, and in all rows. */
interface RunTallies {
  readonly ones: Uint32Array;
  readonly zeros: Uint32Array;
  readonly allOnes: Uint32Array;
  readonly allZeros: Uint32Array;
}

function tallyRuns({ order, ends }: Runs, { isFirst, label }: Labelled): RunTallies {
  const [ones, zeros] = [new Uint32Array(ends.length), new Uint32Array(ends.length)];
  const [allOnes, allZeros] = [new Uint32Array(ends.length), new Uint32Array(ends.length)];
  let at = 0;
  for (let run = 0; run < ends.length; run++) {
    let [one, zero, firstOne, firstZero] = [0, 0, 0, 0];
    for (const end = ends[run] as number; at < end; at++) {
      const row = order[at] as number;
      const [value, first] = [label[row] as number, isFirst[row] as number];
      if (value === 1) {
        one++;
        firstOne += first;
      } else if (value === 0) {
        zero++;
        firstZero += first;
      }
    }
    ones[run] = firstOne;
    zeros[run] = firstZero;
    allOnes[run] = one;
    allZeros[run] = zero;
  }
  return { ones, zeros, allOnes, allZeros };
}

/** Scores, each with the number of rows of each class that have it. The same score may occur several times. */
interface Scored {
  readonly scores: Float64Array | Uint32Array;
  readonly ones: Uint32Array;
  readonly zeros: Uint32Array;
}

/** Returns the rates of the values in the judged rows. All new values are one score, the average rate. */
function judgedRates({ ones, zeros, allOnes, allZeros }: RunTallies): Scored & { readonly scores: Float64Array } {
  const runs = ones.length;
  const scores = new Float64Array(runs + 1);
  const judged = { ones: new Uint32Array(runs + 1), zeros: new Uint32Array(runs + 1) };
  const [first, firstZeros] = [sum(ones), sum(zeros)];
  scores[0] = first / Math.max(1, first + firstZeros);
  let used = 1;
  for (let run = 0; run < runs; run++) {
    const [one, zero] = [ones[run] as number, zeros[run] as number];
    const [judgedOnes, judgedZeros] = [(allOnes[run] as number) - one, (allZeros[run] as number) - zero];
    if (judgedOnes + judgedZeros === 0) continue;
    const place = one + zero === 0 ? 0 : used++;
    if (place > 0) scores[place] = one / (one + zero);
    judged.ones[place] = (judged.ones[place] as number) + judgedOnes;
    judged.zeros[place] = (judged.zeros[place] as number) + judgedZeros;
  }
  return {
    scores: scores.subarray(0, used),
    ones: judged.ones.subarray(0, used),
    zeros: judged.zeros.subarray(0, used),
  };
}

/** Returns the AUC of scores, given in ascending order; 0 where a class has too few rows. */
function auc(order: Uint32Array, { scores, ones, zeros }: Scored): number {
  let [won, allOnes, below] = [0, 0, 0];
  for (let at = 0; at < order.length; ) {
    let [tiedOnes, tiedZeros] = [0, 0];
    const score = scores[order[at] as number];
    for (; at < order.length && scores[order[at] as number] === score; at++) {
      tiedOnes += ones[order[at] as number] as number;
      tiedZeros += zeros[order[at] as number] as number;
    }
    won += tiedOnes * (below + tiedZeros / 2);
    allOnes += tiedOnes;
    below += tiedZeros;
  }
  return Math.min(allOnes, below) < LEAST_OF_CLASS ? 0 : won / (allOnes * below);
}

function upTo(length: number): Uint32Array {
  const places = new Uint32Array(length);
  for (let i = 0; i < length; i++) places[i] = i;
  return places;
}

function sum(values: Uint32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
