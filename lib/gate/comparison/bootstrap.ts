/**
 * Bootstrap of ratios of sums over whole units: rows of one user stand or fall together, so that what repeats within a
 * user is not taken for evidence. Sums are added up per unit first; a resample then costs one draw a unit, not a row.
 */
import { mix, randomStream } from '../../numbers/random.ts';
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
  const { key } = randomStream(seed, 'bootstrap');
  const drawn = new Uint32Array(count);
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0);
    addDraws(drawn, key, resample * count);
    yield drawn;
  }
}

/** Adds one to a random unit as often as there are units; the first of the random numbers, below 2^32, is `from`. */
function addDraws(drawn: Uint32Array, key: number, from: number): void {
  const count = drawn.length;
  for (let draw = 0; draw < count; draw++) {
    // `uniform` of the stream, without two calls for each of some million draws.
    const uniform = (mix(key + Math.imul(from + draw, 0x9e3779b1)) >>> 0) / 2 ** 32;
    const unit = Math.floor(uniform * count);
    drawn[unit] = (drawn[unit] as number) + 1;
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
  const placed = statistics.map(({ ratios, offset }) => ({
    offset,
    places: ratios.map(
      ({ numerator, denominator }) => [place.get(numerator), place.get(denominator)] as [number, number],
    ),
    values: new Float64Array(options.resamples),
  }));
  let resample = 0;
  for (const sums of resampledSums(columns, count, options)) {
    for (const { offset, places, values } of placed) {
      let sum = offset;
      for (const [numerator, denominator] of places) sum += (sums[numerator] as number) / (sums[denominator] as number);
      values[resample] = sum;
    }
    resample++;
  }
  return new Map(placed.map(({ values }, index) => [statistics[index] as Statistic, values.sort()]));
}

/** Columns that are summed at a time: as many sums as a processor holds without its memory. */
const AT_A_TIME = 4;

/** The sum of each column in each resample. The array is the same each time, written anew. */
function* resampledSums(columns: readonly Float64Array[], count: number, options: BootstrapOptions) {
  const groups = Math.ceil(columns.length / AT_A_TIME);
  // Of the columns of a group, the sums of a unit stand side by side.
  const byGroup = Array.from({ length: groups }, () => new Float64Array(count * AT_A_TIME));
  for (const [index, column] of columns.entries())
    for (let unit = 0; unit < count; unit++)
      (byGroup[Math.floor(index / AT_A_TIME)] as Float64Array)[unit * AT_A_TIME + (index % AT_A_TIME)] = column[
        unit
      ] as number;
  const sums = new Float64Array(groups * AT_A_TIME);
  const ofGroup = byGroup.map((_, group) => sums.subarray(group * AT_A_TIME, (group + 1) * AT_A_TIME));
  const [places, times] = [new Uint32Array(count), new Float64Array(count)];
  for (const drawn of drawUnits(count, options)) {
    let distinct = 0;
    for (let unit = 0; unit < count; unit++) {
      const often = drawn[unit] as number;
      if (often === 0) continue;
      places[distinct] = unit * AT_A_TIME;
      times[distinct++] = often;
    }
    for (let group = 0; group < groups; group++)
      sumUnits(byGroup[group] as Float64Array, places, times, distinct, ofGroup[group] as Float64Array);
    yield sums;
  }
}

/** Sums the columns of a group over so many units, at these places, each so many times. */
function sumUnits(
  values: Float64Array,
  places: Uint32Array,
  times: Float64Array,
  units: number,
  sums: Float64Array,
): void {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let i = 0; i < units; i++) {
    const at = places[i] as number;
    const often = times[i] as number;
    first += often * (values[at] as number);
    second += often * (values[at + 1] as number);
    third += often * (values[at + 2] as number);
    fourth += often * (values[at + 3] as number);
  }
  sums[0] = first;
  sums[1] = second;
  sums[2] = third;
  sums[3] = fourth;
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
