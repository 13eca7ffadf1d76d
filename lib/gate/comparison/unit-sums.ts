/** What the figures of an output are resampled from: sums over the rows that its task measures, unit by unit. */
import { type FunnelRows, type FunnelTask, taskRows } from '../../evaluation/funnel.ts';
import { placements } from '../../evaluation/placements.ts';
import { sortIndices } from '../../numbers/sort.ts';
import type { Units } from './bootstrap.ts';
import { crossEntropy } from './row-losses.ts';

/** The rows that a task measures: those that reached the stage that is given, and whose label is known. */
export interface MeasuredRows {
  readonly units: Units;
  readonly label: Int8Array;
  readonly weight: Float32Array | null;
  readonly indices: Uint32Array;
}

/** Weight of the positive and of the negative rows of each unit. */
export interface ClassWeights {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

/** Sums over the rows of each unit, by weight, of what a model makes of them. */
export interface UnitSums {
  readonly predicted: Float64Array;
  readonly loss: Float64Array;
  /**
   * Over its positive rows: the share of all negatives that rank lower, where a tie counts one half. The sum over all
   * units, divided by the weight of the positives, is the AUC.
   */
  readonly wonByPositives: Float64Array;
  /** Over its negative rows: the share of all positives that rank higher. */
  readonly lostByNegatives: Float64Array;
}

/** Returns the rows that a task measures. */
export function measuredRows(
  { labels, weight }: Pick<FunnelRows, 'labels' | 'weight'>,
  units: Units,
  task: FunnelTask,
): MeasuredRows {
  return { units, label: labels[task.label] as Int8Array, weight, indices: taskRows(labels, task) };
}

/** Adds the weights of both classes up by unit. */
export function classWeights({ units, label, weight, indices }: MeasuredRows): ClassWeights {
  const [positive, negative] = [new Float64Array(units.count), new Float64Array(units.count)];
  for (const row of indices)
    add(label[row] === 1 ? positive : negative, units.of[row] as number, weightOf(weight, row));
  return { positive, negative };
}

/** Adds up by unit what a model makes of the rows. */
export function unitSums(rows: MeasuredRows, probability: Float32Array): UnitSums {
  const { units, label, weight, indices } = rows;
  const [predicted, loss] = [new Float64Array(units.count), new Float64Array(units.count)];
  for (const row of indices) {
    const [unit, score, counted] = [units.of[row] as number, probability[row] as number, weightOf(weight, row)];
    add(predicted, unit, counted * score);
    add(loss, unit, counted * crossEntropy(score, label[row] as number));
  }
  return { predicted, loss, ...placeSums(rows, probability) };
}

/**
 * The places of the rows, summed over units as over the clusters of Obuchowski (Biometrics 53, 1997). With them an AUC is
 * to first order a sum of two ratios, which is resampled without a pass over the rows.
 */
function placeSums({ units, label, weight, indices }: MeasuredRows, probability: Float32Array) {
  const order = sortIndices(indices, probability);
  const places = placements({ probability, label, weight }, order);
  const [wonByPositives, lostByNegatives] = [new Float64Array(units.count), new Float64Array(units.count)];
  for (let place = 0; place < order.length; place++) {
    const row = order[place] as number;
    const sums = label[row] === 1 ? wonByPositives : lostByNegatives;
    add(sums, units.of[row] as number, weightOf(weight, row) * (places[place] as number));
  }
  return { wonByPositives, lostByNegatives };
}

function weightOf(weight: Float32Array | null, row: number): number {
  return weight === null ? 1 : (weight[row] as number);
}

function add(sums: Float64Array, unit: number, value: number): void {
  sums[unit] = (sums[unit] as number) + value;
}
