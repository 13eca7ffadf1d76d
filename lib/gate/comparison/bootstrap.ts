/**
 * Bootstrap of ratios of sums over whole units: rows of one user stand or fall together, so that what repeats within a
 * user is not taken for evidence. Sums are added up per unit first; a resample then costs one draw a unit, not a row.
 */
import { randomStream } from '../../numbers/random.ts';
import { sortIndices } from '../../numbers/sort.ts';
import { count } from '../../numbers/text.ts';

/** The units that are resampled: those of the group column, or consecutive rows. */
export interface Units {
  /** Unit of each row. */
  readonly of: Uint32Array;
  readonly count: number;
  /** Distinct groups, or blocks of rows, that the units are made of. */
  readonly distinct: number;
}

/** Numerators and denominators by unit: a mean is the sum of the one over that of the other. */
export interface Ratio {
  readonly numerator: Float64Array;
  readonly denominator: Float64Array;
}

/** A figure that is a sum of ratios, and of a number that is the same in every resample. */
export interface Statistic {
  readonly ratios: readonly Ratio[];
  readonly offset: number;
}

/** Number of resamples, and the seed of the random draws. */
export interface BootstrapOptions {
  readonly resamples: number;
  readonly seed: number;
}

/** Fewest units, such as users or days, for a bootstrap; from fewer, resamples do not show the spread between them. */
export const LEAST_UNITS = 30;
/**
 * Most units. More groups than that are distributed, whole, among so many units; the spread of sums stays the same. It
 * is then known to 1 / sqrt(2 * units), 1.6%, which is finer than the 2,000 resamples of the gate tell.
 */
const MOST_UNITS = 2000;
/** Number of blocks in which rows without a group are resampled; neighbours in a log often resemble each other. */
const ROW_BLOCKS = 1000;

/** Units of whole groups, numbered by their ids: neither the order of the rows nor that of the groups matters. */
export function groupUnits(group: Float64Array): Units {
  const of = new Uint32Array(group.length);
  let [distinct, last] = [0, Number.NaN];
  for (const row of sortIndices(Uint32Array.from(of.keys()), group)) {
    const id = group[row] as number;
    if (id !== last) distinct++;
    last = id;
    of[row] = (distinct - 1) % MOST_UNITS;
  }
  return { of, count: Math.min(distinct, MOST_UNITS), distinct };
}

/** Units of consecutive rows, as even as can be. */
export function blockUnits(rows: number): Units {
  const blocks = Math.min(rows, ROW_BLOCKS);
  return {
    of: Uint32Array.from({ length: rows }, (_, row) => Math.floor((row * blocks) / rows)),
    count: blocks,
    distinct: blocks,
  };
}

/** What is resampled. */
export type UnitKind = 'groups' | 'days' | 'blocks of rows';

/** How many units of a kind there are, for messages: `1 group`, `1,000 blocks of rows`. */
export function unitText(units: number, kind: UnitKind): string {
  return units === 1 ? ONE_UNIT[kind] : `${count(units)} ${kind}`;
}

const ONE_UNIT: Readonly<Record<UnitKind, string>> = {
  groups: '1 group',
  days: '1 day',
  'blocks of rows': '1 block of rows',
};

/** Returns why so few units show no spread; `null` where they are enough. */
export function tooFewUnits({
  count: units,
  kind,
}: {
  readonly count: number;
  readonly kind: UnitKind;
}): string | null {
  return units >= LEAST_UNITS ? null : `${unitText(units, kind)} to resample, expected at least ${LEAST_UNITS}`;
}

/** Adds a value of each row up by unit. */
export function sumByUnit({ of, count }: Units, valueAt: (row: number) => number): Float64Array {
  const sums = new Float64Array(count);
  for (let row = 0; row < of.length; row++) {
    const unit = of[row] as number;
    sums[unit] = (sums[unit] as number) + valueAt(row);
  }
  return sums;
}

/**
 * How often each unit is drawn, resample by resample: as many draws with replacement as there are units (multinomial).
 * The array is the same each time, written anew.
 */
export function* drawUnits(count: number, { resamples, seed }: BootstrapOptions): Generator<Uint32Array> {
  const random = randomStream(seed, 'bootstrap');
  const drawn = new Uint32Array(count);
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0);
    for (let draw = 0; draw < count; draw++) {
      const unit = Math.floor(random.uniform(resample * count + draw) * count);
      drawn[unit] = (drawn[unit] as number) + 1;
    }
    yield drawn;
  }
}

/**
 * The values of each statistic in all resamples, ascending; the same draws serve all of them. NaN, of nothing over
 * nothing, is last.
 */
export function bootstrap(
  statistics: readonly Statistic[],
  count: number,
  options: BootstrapOptions,
): ReadonlyMap<Statistic, Float64Array> {
  const columns = [
    ...new Set(statistics.flatMap(({ ratios }) => ratios.flatMap((ratio) => [ratio.numerator, ratio.denominator]))),
  ];
  const place = new Map(columns.map((column, index) => [column, index]));
  const results = new Map(statistics.map((statistic) => [statistic, new Float64Array(options.resamples)]));
  let resample = 0;
  for (const sums of resampledSums(columns, count, options)) {
    const sumOf = (column: Float64Array) => sums[place.get(column) as number] as number;
    for (const [{ ratios, offset }, values] of results)
      values[resample] = ratios.reduce(
        (sum, { numerator, denominator }) => sum + sumOf(numerator) / sumOf(denominator),
        offset,
      );
    resample++;
  }
  for (const values of results.values()) values.sort();
  return results;
}

/** The sum of each column in each resample. The array is the same each time, written anew. */
function* resampledSums(columns: readonly Float64Array[], count: number, options: BootstrapOptions) {
  const width = columns.length;
  // All sums of a unit side by side: a resample reads them in order, and skips the units that it has not drawn.
  const byUnit = new Float64Array(count * width);
  for (const [index, column] of columns.entries())
    for (let unit = 0; unit < count; unit++) byUnit[unit * width + index] = column[unit] as number;
  const sums = new Float64Array(width);
  for (const drawn of drawUnits(count, options)) {
    sums.fill(0);
    for (let unit = 0; unit < count; unit++) {
      const times = drawn[unit] as number;
      if (times === 0) continue;
      for (let index = 0; index < width; index++)
        sums[index] = (sums[index] as number) + times * (byUnit[unit * width + index] as number);
    }
    yield sums;
  }
}

/** A statistic that is one ratio. */
export function ratioStatistic(numerator: Float64Array, denominator: Float64Array): Statistic {
  return { ratios: [{ numerator, denominator }], offset: 0 };
}

/** The statistic of the rows as they are. */
export function estimate({ ratios, offset }: Statistic): number {
  return ratios.reduce((sum, { numerator, denominator }) => sum + total(numerator) / total(denominator), offset);
}

/** The value of an ascending list that the given share of it does not exceed. */
export function quantile(ascending: Float64Array, share: number): number {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
