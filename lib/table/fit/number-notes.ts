/**
 * Finds numbers that make their feature useless: a value that no reason explains stretches the deviation, so that all
 * others become one value; a value far from all others, in many rows, may stand for a missing one.
 *
 * The usual deviation is that of the middle of a sample, which such values do not move. All of it is measured after
 * `clip` and `log1p`. Numbers with `quantiles` are not looked at: there, a value far away is in the last interval.
 */
import type { Feature, NumberFeature } from '../../config/declaration.ts';
import { count, countOf } from '../../numbers/text.ts';
import { type Database, queryOne } from '../database.ts';
import { preparedName } from '../kinds/feature-kind.ts';
import { transformSql } from '../kinds/number-statistics.ts';
import type { RowsOfFeature } from './rows-of-feature.ts';
import { inSampleSql, sampleStep } from './sample.ts';

/** Rows from which the usual range of a number is taken. */
const SAMPLE_ROWS = 200_000;
/** Deviations beyond which a value is out of all reason, and beyond which it stretches the others' range. */
const BEYOND_REASON = 1e6;
const FAR = 100;
/** How many times the usual deviation the actual one may be. */
const STRETCHED = 10;
/** How many times the range of all other values one value must be away from them to be taken for a missing one. */
const APART = 3;
/** Rows that such a value has: at least so many, and at least this share. */
const LEAST_ROWS = 5;
const LEAST_SHARE = 0.001;
/** Width of the middle 98% of a normal distribution, in deviations. */
const MIDDLE_WIDTH = 4.6527;

/** A number whose value is an input of the model itself. */
interface PlainNumber {
  readonly name: string;
  /** SQL of the value of a row. */
  readonly raw: string;
  /** SQL of the value after `clip` and `log1p`. */
  readonly value: string;
}

/** What is usual for a number, after `clip` and `log1p`. */
interface Usual {
  readonly rows: number;
  readonly least: number;
  readonly most: number;
  readonly median: number;
  readonly deviation: number;
  /** The actual deviation, of all values. */
  readonly actual: number;
}

/**
 * Returns notes on the numbers of the training rows.
 * @param trainingRows Number of the training rows.
 */
export async function numberNotes(
  database: Database,
  features: readonly Feature[],
  rowsOf: RowsOfFeature,
  trainingRows: number,
): Promise<string[]> {
  if (trainingRows === 0) return [];
  const isSampled = inSampleSql(sampleStep(trainingRows, SAMPLE_ROWS));
  const notes: string[] = [];
  for (const feature of features) {
    if (feature.type !== 'number' || feature.embedding !== null) continue;
    const number = plainNumber(feature);
    const training = `${rowsOf(feature)} WHERE "#part" = 0`;
    const facts = { ...(await measureUsual(database, number, training, isSampled)), isSampled };
    if (facts.rows === 0 || facts.least === facts.most) continue;
    notes.push(...(await stretchNote(database, number, training, facts)));
    notes.push(...(await apartNote(database, number, training, facts)));
  }
  return notes;
}

function plainNumber({ name, clip, log1p }: NumberFeature): PlainNumber {
  const raw = `CAST(${preparedName('number', 0)} AS DOUBLE)`;
  return { name, raw, value: transformSql(raw, clip, log1p) };
}

async function measureUsual(
  database: Database,
  { value }: PlainNumber,
  training: string,
  isSampled: string,
): Promise<Usual> {
  const { rows, least, most, actual, quantiles } = await queryOne(
    database,
    `SELECT count(${value}) AS rows, min(${value}) AS least, max(${value}) AS most, stddev_pop(${value}) AS actual,
       quantile_cont(${value}, [0.01, 0.5, 0.99]) FILTER (${isSampled}) AS quantiles
     FROM ${training}`,
  );
  const [low = 0, median = 0, high = 0] = Array.isArray(quantiles) ? quantiles.map(Number) : [];
  return {
    rows: Number(rows),
    least: Number(least),
    most: Number(most),
    median,
    deviation: (high - low) / MIDDLE_WIDTH,
    actual: Number(actual),
  };
}

/** Finds values so far away that they stretch the deviation. */
async function stretchNote(
  database: Database,
  { name, raw, value }: PlainNumber,
  training: string,
  { rows, median, least, most, deviation, actual, isSampled }: Usual & { readonly isSampled: string },
): Promise<string[]> {
  const usual =
    deviation > 0 ? deviation : await deviationOfOthers(database, value, `${training} AND ${isSampled}`, median);
  const farthest = Math.max(most - median, median - least) / usual;
  if (!(farthest > FAR) || actual <= STRETCHED * usual) return [];
  const limit = farthest > BEYOND_REASON ? BEYOND_REASON : FAR;
  const distance = distanceSql(value, median);
  const { far, example, row } = await queryOne(
    database,
    `SELECT count(*) AS far, arg_max(${raw}, ${distance}) AS example, arg_max("#row", ${distance}) AS row
     FROM ${training} AND ${distance} > ${limit * usual}`,
  );
  const what = `${count(Number(far))} of ${countOf(rows, 'row')} ${Number(far) === 1 ? 'is' : 'are'} beyond ${limit === FAR ? FAR : '1e6'} deviations`;
  const effect =
    limit === FAR
      ? 'which makes all other values look alike: declare clip or log1p'
      : 'which makes the feature useless: declare clip';
  return [`${name}: ${what} (${floatText(example)} in row ${count(Number(row))}), ${effect}`];
}

/** Returns the usual distance from the median of the values that differ from it, where most values are equal. */
async function deviationOfOthers(database: Database, value: string, sample: string, median: number): Promise<number> {
  const distance = distanceSql(value, median);
  const { usual } = await queryOne(
    database,
    `SELECT quantile_cont(${distance}, 0.5) AS usual FROM ${sample} AND ${distance} > 0`,
  );
  return Number(usual ?? Number.NaN);
}

/** Finds a least or greatest value that many rows have, far from all others: -999, or 999999. */
async function apartNote(
  database: Database,
  { name, raw, value }: PlainNumber,
  training: string,
  { rows, least, most, isSampled }: Usual & { readonly isSampled: string },
): Promise<string[]> {
  const [low, high] = [least, most].map((end) => `CAST('${end}' AS DOUBLE)`);
  const found = await queryOne(
    database,
    `SELECT count(*) FILTER (${value} = ${low}) AS lowest, count(*) FILTER (${value} = ${high}) AS highest,
       min(${value}) FILTER (${value} > ${low}) AS next_low, max(${value}) FILTER (${value} < ${high}) AS next_high,
       min(${raw}) AS raw_low, max(${raw}) AS raw_high,
       quantile_cont(${value}, [0.01, 0.99]) FILTER (${isSampled} AND ${value} > ${low}) AS above,
       quantile_cont(${value}, [0.01, 0.99]) FILTER (${isSampled} AND ${value} < ${high}) AS below
     FROM ${training}`,
  );
  const ends = [
    { rows: found.lowest, raw: found.raw_low, gap: Number(found.next_low) - least, others: found.above },
    { rows: found.highest, raw: found.raw_high, gap: most - Number(found.next_high), others: found.below },
  ];
  return ends.flatMap(({ rows: some, raw: example, gap, others }) => {
    const [from = 0, to = 0] = Array.isArray(others) ? others.map(Number) : [];
    const isMany = Number(some) >= Math.max(LEAST_ROWS, LEAST_SHARE * rows);
    if (!isMany || !(to > from) || !(gap > APART * (to - from))) return [];
    return [
      `${name}: ${floatText(example)} in ${count(Number(some))} of ${countOf(rows, 'row')} is far from all other values: if it means missing, leave it empty`,
    ];
  });
}

function distanceSql(value: string, from: number): string {
  return `abs(${value} - CAST('${from}' AS DOUBLE))`;
}

/** The digits of a float32 that count. */
function floatText(value: unknown): string {
  return String(Number(Number(value).toPrecision(7)));
}
