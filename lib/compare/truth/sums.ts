/** Adds up, unit by unit, how far a pcvr is from the truth. */
import type { Units } from '../../gate/comparison/bootstrap.ts';
import { sortIndices } from '../../numbers/sort.ts';
import { LEAST_PROBABILITY, SUM_NAMES, type TruthSums } from './figures.ts';

/** Rows with what is true of them. */
export interface TrueRows {
  readonly indices: Uint32Array;
  readonly truth: Float64Array;
  readonly weight: Float32Array | null;
  readonly units: Units;
}

/** Returns the sums of each unit. */
export function truthSums(rows: TrueRows, pcvr: Float32Array): TruthSums<Float64Array> {
  const { truth, weight, units } = rows;
  const sums = Object.fromEntries(SUM_NAMES.map((name) => [name, new Float64Array(units.count)])) as unknown as {
    readonly [Name in keyof TruthSums<unknown>]: Float64Array;
  };
  const places = softPlaces(rows, pcvr);
  for (const [place, row] of places.order.entries()) {
    const unit = units.of[row] as number;
    const [own, known, counted] = [pcvr[row] as number, truth[row] as number, weight?.[row] ?? 1];
    const error = Math.abs(own - known);
    add(sums.weight, unit, counted);
    add(sums.truth, unit, counted * known);
    add(sums.predicted, unit, counted * own);
    add(sums.absolute, unit, counted * error);
    add(sums.relative, unit, (counted * error) / known);
    add(sums.squaredLogOdds, unit, counted * (logOdds(own) - logOdds(known)) ** 2);
    add(sums.won, unit, counted * known * (places.lower[place] as number));
    add(sums.lost, unit, counted * (1 - known) * (places.higher[place] as number));
  }
  return sums;
}

/** Returns the sums over all units. */
export function totalsOf(sums: TruthSums<Float64Array>): TruthSums<number> {
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  return Object.fromEntries(SUM_NAMES.map((name) => [name, total(sums[name])])) as unknown as TruthSums<number>;
}

/**
 * The places of rows of which a part, the truth, converts and the rest does not: in the order of their scores, the share
 * of all that does not convert and ranks lower, and of all that converts and ranks higher.
 */
function softPlaces({ indices, truth, weight }: TrueRows, score: Float32Array) {
  const order = sortIndices(indices, score);
  const of = (row: number) => {
    const counted = weight?.[row] ?? 1;
    const converts = counted * (truth[row] as number);
    return { converts, rest: counted - converts };
  };
  const total = { converts: 0, rest: 0 };
  for (const row of order) {
    const { converts, rest } = of(row);
    total.converts += converts;
    total.rest += rest;
  }
  const [lower, higher] = [new Float64Array(order.length), new Float64Array(order.length)];
  const below = { converts: 0, rest: 0 };
  for (let from = 0; from < order.length; ) {
    const tied = { converts: 0, rest: 0 };
    let to = from;
    for (; to < order.length && score[order[to] as number] === score[order[from] as number]; to++) {
      const { converts, rest } = of(order[to] as number);
      tied.converts += converts;
      tied.rest += rest;
    }
    lower.fill((below.rest + tied.rest / 2) / total.rest, from, to);
    higher.fill((total.converts - below.converts - tied.converts / 2) / total.converts, from, to);
    below.converts += tied.converts;
    below.rest += tied.rest;
    from = to;
  }
  return { order, lower, higher };
}

function logOdds(probability: number): number {
  const inside = Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, probability));
  return Math.log(inside / (1 - inside));
}

function add(sums: Float64Array, unit: number, value: number): void {
  sums[unit] = (sums[unit] as number) + value;
}
