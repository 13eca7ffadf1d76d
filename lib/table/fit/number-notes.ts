/**
 * Finds numbers that make their feature useless: a value that no reason explains stretches the deviation, so that all
 * others become one value; a value far from all others, in many rows, may stand for a missing one.
 *
 * The usual deviation is that of the middle of the values, which such values do not move. All of it is measured after
 * `clip` and `log1p`. Numbers with `quantiles` are not looked at: there, a value far away is in the last interval.
 */
import type { NumberFeature } from '../../config/declaration.ts';
import { count, countOf } from '../../numbers/text.ts';
import { goodLogRows, type PreparedLog } from '../check/prepared-rows.ts';
import { type Database, queryOne } from '../database.ts';
import { preparedName } from '../kinds/feature-kind.ts';
import { LEAST_ROWS, LEAST_SHARE, type NumberFacts, transform } from './measure/numbers.ts';
import { inSampleSql, sampleStep } from './sample.ts';

/** Rows from which the usual range of other values is taken, where it is looked at. */
const SAMPLE_ROWS = 200_000;
/** Deviations beyond which a value is out of all reason, and beyond which it stretches the others' range. */
const BEYOND_REASON = 1e6;
const FAR = 100;
/** How many times the usual deviation the actual one may be. */
const STRETCHED = 10;
/** How many times the range of all other values one value must be away from them to be taken for a missing one. */
const APART = 3;
/** Fewest of the values at even ranks that tell the range of the others. */
const LEAST_OTHERS = 100;
/** Width of the middle 98% of a normal distribution, in deviations. */
const MIDDLE_WIDTH = 4.6527;

/** A number whose value is an input of the model itself. */
interface PlainNumber {
  readonly feature: NumberFeature;
  readonly facts: NumberFacts;
  /** Number of the training rows that have a value. */
  readonly rows: number;
  /** SQL after FROM of the training rows. */
  readonly training: string;
  /** SQL condition that a row is in the sample. */
  readonly isSampled: string;
  /** SQL of the value of a row, and of it after `clip` and `log1p`. */
  readonly raw: string;
  readonly value: string;
}

/** Returns notes on the numbers of the training rows. */
export async function numberNotes(
  database: Database,
  log: PreparedLog,
  numbers: ReadonlyMap<string, NumberFacts>,
): Promise<string[]> {
  const notes: string[] = [];
  for (const feature of log.declaration.features) {
    const facts = numbers.get(feature.name);
    if (feature.type !== 'number' || feature.embedding !== null || facts === undefined) continue;
    const rows = facts.rows - facts.missing;
    if (rows === 0 || transform(facts.least, feature) === transform(facts.most, feature)) continue;
    const raw = `CAST(${preparedName('number', 0)} AS DOUBLE)`;
    const number = {
      feature,
      facts,
      rows,
      training: `${goodLogRows(log, [feature])} WHERE "#part" = 0`,
      isSampled: inSampleSql(sampleStep(facts.rows, SAMPLE_ROWS)),
      raw,
      value: transformSql(raw, feature),
    };
    notes.push(...(await stretchNote(database, number)));
    if (mayBeApart(number)) notes.push(...(await apartNote(database, number)));
  }
  return notes;
}

/** Finds values so far away that they stretch the deviation. */
async function stretchNote(database: Database, number: PlainNumber): Promise<string[]> {
  const { feature, facts, rows, training, raw, value } = number;
  const [low, median, high] = facts.quantiles;
  const [least, most] = [transform(facts.least, feature), transform(facts.most, feature)];
  const middle = (high - low) / MIDDLE_WIDTH;
  const usual = middle > 0 ? middle : await deviationOfOthers(database, number, median);
  const farthest = Math.max(most - median, median - least) / usual;
  if (!(farthest > FAR) || facts.deviation <= STRETCHED * usual) return [];
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
  return [`${feature.name}: ${what} (${floatText(example)} in row ${count(Number(row))}), ${effect}`];
}

/** Returns the usual distance from the median of the values that differ from it, where most values are equal. */
async function deviationOfOthers(
  database: Database,
  { value, training, isSampled }: PlainNumber,
  median: number,
): Promise<number> {
  const distance = distanceSql(value, median);
  const { usual } = await queryOne(
    database,
    `SELECT quantile_cont(${distance}, 0.5) AS usual FROM ${training} AND ${isSampled} AND ${distance} > 0`,
  );
  return Number(usual ?? Number.NaN);
}

/**
 * Whether a least or greatest value may be far from all others, which is then looked at. It is not where few rows have
 * it, or where some of the values at even ranks are too close to it.
 */
function mayBeApart({ feature, facts }: PlainNumber): boolean {
  const values = facts.values.map((value) => transform(value, feature));
  const [least, most] = [transform(facts.least, feature), transform(facts.most, feature)];
  const above = values.filter((value) => value > least);
  const below = values.filter((value) => value < most);
  const isClose = (others: readonly number[], gap: number) => {
    if (others.length < LEAST_OTHERS) return false;
    const [from, to] = [others.at(0.05 * others.length), others.at(0.95 * others.length)];
    return gap <= APART * ((to as number) - (from as number));
  };
  return (
    (facts.isLeastFrequent && !isClose(above, (above[0] as number) - least)) ||
    (facts.isMostFrequent && !isClose(below, most - (below.at(-1) as number)))
  );
}

/** Finds a least or greatest value that many rows have, far from all others: -999, or 999999. */
async function apartNote(
  database: Database,
  { feature, rows, training, isSampled, raw, value }: PlainNumber,
): Promise<string[]> {
  const ends = await queryOne(database, `SELECT min(${value}) AS least, max(${value}) AS most FROM ${training}`);
  const [least, most] = [Number(ends.least), Number(ends.most)];
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
  return [
    { rows: found.lowest, raw: found.raw_low, gap: Number(found.next_low) - least, others: found.above },
    { rows: found.highest, raw: found.raw_high, gap: most - Number(found.next_high), others: found.below },
  ].flatMap(({ rows: some, raw: example, gap, others }) => {
    const [from = 0, to = 0] = Array.isArray(others) ? others.map(Number) : [];
    const isMany = Number(some) >= Math.max(LEAST_ROWS, LEAST_SHARE * rows);
    const isDeclared = Number(example) === Math.fround(Number(feature.missing));
    if (isDeclared || !isMany || !(to > from) || !(gap > APART * (to - from))) return [];
    return [
      `${feature.name}: ${floatText(example)} in ${count(Number(some))} of ${countOf(rows, 'row')} is far from all other values: if it means missing, leave it empty`,
    ];
  });
}

/** Returns the SQL of a number after `clip` and `log1p`. */
function transformSql(value: string, { clip, log1p }: NumberFeature): string {
  const [low, high] = clip ?? [null, null];
  const raised = low === null ? value : `greatest(${value}, CAST('${low}' AS DOUBLE))`;
  const clipped = high === null ? raised : `least(${raised}, CAST('${high}' AS DOUBLE))`;
  return log1p ? `sign(${clipped}) * ln(1 + abs(${clipped}))` : clipped;
}

function distanceSql(value: string, from: number): string {
  return `abs(${value} - CAST('${from}' AS DOUBLE))`;
}

/** The digits of a float32 that count. */
function floatText(value: unknown): string {
  return String(Number(Number(value).toPrecision(7)));
}
