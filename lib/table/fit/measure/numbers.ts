/**
 * Measures the numbers of the training rows: their moments, and the values at given ranks. The rows are read three
 * times, some dozens of columns at a time, so that neither their number nor that of the columns costs memory. Sums are
 * in the order of the rows, so they do not depend on the number of threads.
 */
import type { Feature, NumberFeature } from '../../../config/declaration.ts';
import { RankSearch } from '../../../numbers/rank-search.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, withConnection } from '../../database.ts';
import { preparedName } from '../../kinds/feature-kind.ts';
import { type RunPart, untold } from '../../log-progress.ts';
import { readColumns } from '../../read-columns.ts';

/** How many values of a number are kept, at even ranks. */
const RANKS = 1000;
/** Columns that are measured at once. */
const COLUMNS = 32;
/** How often the rows are read for a number. */
export const NUMBER_PASSES = 3;
/** Rows of a value that may stand for a missing one: at least so many, and at least this share. */
export const LEAST_ROWS = 5;
export const LEAST_SHARE = 0.001;

/** What is known of a number's values in the training rows. Rows without a value are counted, but nothing else. */
export interface NumberFacts {
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** Least and greatest value; NaN without a value. */
  readonly least: number;
  readonly most: number;
  /** Mean and deviation of the population after `clip` and `log1p`; 0 and 0 without a value. */
  readonly mean: number;
  readonly deviation: number;
  /** The 1%, 50% and 99% quantiles after `clip` and `log1p`, between the two nearest values; NaN without a value. */
  readonly quantiles: readonly [low: number, median: number, high: number];
  /** Up to 1,000 values at even ranks, ascending. */
  readonly values: readonly number[];
  /** Boundaries of intervals with equal numbers of rows, if they were asked for. */
  readonly boundaries: readonly number[];
  /** Whether so many rows have the least value, or the greatest one, that it may stand for a missing one. */
  readonly isLeastFrequent: boolean;
  readonly isMostFrequent: boolean;
}

/** A number, and the number of its intervals; `null` for one that is not cut into any. */
export interface NumberToMeasure {
  readonly feature: Feature;
  readonly transform: Transform;
  readonly intervals: number | null;
}

/** Measures numbers in the training rows, by feature. */
export async function measureNumbers(
  database: Database,
  log: PreparedLog,
  numbers: readonly NumberToMeasure[],
  run: RunPart = untold,
): Promise<ReadonlyMap<string, NumberFacts>> {
  const measured = new Map<string, NumberFacts>();
  for (let from = 0; from < numbers.length; from += COLUMNS) {
    const some = numbers.slice(from, from + COLUMNS);
    const columns = some.map((number) => new NumberColumn(number));
    const features = some.map(({ feature }) => feature);
    const read = (use: (column: NumberColumn | undefined, values: Float32Array) => void) =>
      run(some.length, () => readNumbers(database, log, features, (column, values) => use(columns[column], values)));
    await read((column, values) => column?.addFirst(values));
    for (const column of columns) column.seek();
    await read((column, values) => column?.addSecond(values));
    for (const column of columns) column.narrow();
    await read((column, values) => column?.addThird(values));
    for (const [index, { name }] of features.entries()) measured.set(name, (columns[index] as NumberColumn).facts());
  }
  return measured;
}

type Transform = Pick<NumberFeature, 'clip' | 'log1p'>;

/** Returns a number after `clip` and `log1p`. */
export function transform(value: number, { clip, log1p }: Transform): number {
  const [low, high] = clip ?? [null, null];
  const raised = low !== null && value < low ? low : value;
  const clipped = high !== null && raised > high ? high : raised;
  return log1p ? Math.sign(clipped) * Math.log(1 + Math.abs(clipped)) : clipped;
}

/** Reads numbers of the training rows, some rows at a time; NaN stands for a missing one. */
async function readNumbers(
  database: Database,
  log: PreparedLog,
  features: readonly Feature[],
  use: (column: number, values: Float32Array) => void,
): Promise<void> {
  const columns = features.map((_, index) => `COALESCE(${preparedName('number', index)}, CAST('NaN' AS FLOAT))`);
  const sql = `SELECT ${columns.join(', ')} FROM ${goodLogRows(log, features)} WHERE "#part" = 0`;
  const layout = columns.map(() => ({ type: 'FLOAT', length: null }) as const);
  await withConnection(database, async (connection) => {
    for await (const block of readColumns(connection, sql, layout))
      for (const [index, values] of block.columns.entries())
        use(index, (values as Float32Array).subarray(0, block.rows));
  });
}

/** A number's column, whose values are added in three passes. */
class NumberColumn {
  readonly #number: NumberToMeasure;
  readonly #search = new RankSearch();
  #rows = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #squares = 0;
  #mean = 0;
  #ranks: Ranks = ranksOf(0, null);

  constructor(number: NumberToMeasure) {
    this.#number = number;
  }

  addFirst(values: Float32Array): void {
    this.#search.add(values);
    this.#rows += values.length;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (value < this.#least) this.#least = value;
      if (value > this.#most) this.#most = value;
    }
    this.#sum += sumOf(values, this.#number.transform);
  }

  seek(): void {
    const { count } = this.#search;
    this.#mean = count === 0 ? 0 : this.#sum / count;
    this.#ranks = ranksOf(count, this.#number.intervals);
    this.#search.seek(RANK_KINDS.flatMap((kind) => this.#ranks[kind]));
  }

  addSecond(values: Float32Array): void {
    this.#search.add(values);
    this.#squares += sumOfSquares(values, this.#number.transform, this.#mean);
  }

  narrow(): void {
    this.#search.narrow();
  }

  addThird(values: Float32Array): void {
    this.#search.add(values);
  }

  facts(): NumberFacts {
    const { transform: own } = this.#number;
    const { count } = this.#search;
    const found = [...this.#search.values()];
    const take = (kind: keyof Ranks) => found.splice(0, this.#ranks[kind].length);
    const [even, bounds, around, ends] = [take('even'), take('bounds'), take('around'), take('ends')];
    const [least, most] = count === 0 ? [Number.NaN, Number.NaN] : [this.#least + 0, this.#most + 0];
    const isSame = (a: number | undefined, b: number) => a !== undefined && transform(a, own) === transform(b, own);
    return {
      rows: this.#rows,
      missing: this.#rows - count,
      least,
      most,
      mean: this.#mean,
      deviation: least === most || count === 0 ? 0 : Math.sqrt(this.#squares / count),
      quantiles: quantilesOf(
        around.map((value) => transform(value, own)),
        count,
      ),
      values: even,
      boundaries: [...new Set(bounds)].filter((boundary) => boundary !== most),
      isLeastFrequent: isSame(ends[0], least),
      isMostFrequent: isSame(ends[1], most),
    };
  }
}

/** Returns the sum of the numbers after `clip` and `log1p`; NaN are left out. */
function sumOf(values: Float32Array, own: Transform): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = transform(values[i] as number, own);
    if (!Number.isNaN(value)) sum += value;
  }
  return sum;
}

/** Returns the sum of the squared distances from a mean. */
function sumOfSquares(values: Float32Array, own: Transform, mean: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = transform(values[i] as number, own) - mean;
    if (!Number.isNaN(distance)) sum += distance * distance;
  }
  return sum;
}

/** The ranks at which the values of a number are looked for. */
interface Ranks {
  /** In the middle of each of equal parts. */
  readonly even: readonly number[];
  /** The last rank of each interval but the last. */
  readonly bounds: readonly number[];
  /** On both sides of each quantile. */
  readonly around: readonly number[];
  /** From the ends so many rows away that all of these rows have one value if it is frequent. */
  readonly ends: readonly number[];
}

const RANK_KINDS = ['even', 'bounds', 'around', 'ends'] as const;

const SHARES = [0.01, 0.5, 0.99] as const;

function ranksOf(count: number, intervals: number | null): Ranks {
  if (count === 0) return { even: [], bounds: [], around: [], ends: [] };
  const size = Math.min(count, RANKS);
  const many = Math.max(LEAST_ROWS, Math.ceil(LEAST_SHARE * count));
  return {
    even: Array.from({ length: size }, (_, k) => Math.floor(((k + 0.5) * count) / size)),
    bounds: Array.from({ length: Math.max(0, (intervals ?? 1) - 1) }, (_, k) =>
      Math.max(0, Math.ceil(((k + 1) * count) / (intervals ?? 1)) - 1),
    ),
    around: SHARES.flatMap((share) => [Math.floor(share * (count - 1)), Math.ceil(share * (count - 1))]),
    ends: many > count ? [] : [many - 1, count - many],
  };
}

function quantilesOf(around: readonly number[], count: number): NumberFacts['quantiles'] {
  const [low, median, high] = SHARES.map((share, index) => {
    const [below = Number.NaN, above = Number.NaN] = around.slice(2 * index, 2 * index + 2);
    const place = share * (count - 1);
    return below + (above - below) * (place - Math.floor(place));
  });
  return [low as number, median as number, high as number];
}
