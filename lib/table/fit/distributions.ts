/** Measures the distribution of each feature's values in the training rows, as a small file of a model version. */
import type { Feature } from '../../config/declaration.ts';
import { type Database, query, queryOne } from '../database.ts';
import type { Vocabulary } from '../encoder.ts';
import { hashSql } from '../hash.ts';
import type { FeatureKind } from '../kinds/feature-kind.ts';
import { featureKind } from '../kinds/index.ts';
import { ascendingCounts } from '../kinds/number-statistics.ts';
import type { RowsOfFeature } from './rows-of-feature.ts';

/** Name of the file, in a model version. */
export const DISTRIBUTIONS_FILE = 'distributions.json';

/** How many values of a number are kept, at even ranks. */
const RANKS = 1000;
/** How many values of a category, bag or cross are kept, the most frequent ones. */
const MOST_VALUES = 200;

/** The distribution of a number. */
export interface NumberDistribution {
  readonly kind: 'number';
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** The values at even ranks, ascending. A frequent value occurs several times. */
  readonly values: readonly number[];
}

/** The distribution of a category, bag or cross. */
export interface ValueDistribution {
  readonly kind: 'values';
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** Number of values. It may exceed `rows`, since a row of a bag has several. */
  readonly total: number;
  /**
   * The most frequent values: hash and count, and the value itself if it is in a vocabulary. Other values are not
   * written, since a model version does not have them elsewhere either.
   */
  readonly top: readonly (readonly [hash: string, count: number, name: string | null])[];
}

/** The distribution of a feature's values. */
export type Distribution = NumberDistribution | ValueDistribution;

/** Distributions by feature. */
export type Distributions = Readonly<Record<string, Distribution>>;

/** Share that the most frequent value has of all values, to a thousandth for numbers; `null` without values. */
export function modeShare(distribution: Distribution): number | null {
  if (distribution.kind === 'values') {
    const [most] = distribution.top;
    return most === undefined ? null : most[1] / distribution.total;
  }
  const { values } = distribution;
  let [run, longest] = [0, 0];
  for (let rank = 0; rank < values.length; rank++) {
    run = rank > 0 && values[rank] === values[rank - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return values.length === 0 ? null : longest / values.length;
}

/**
 * Measures the distribution of every feature's values in the training rows.
 */
export async function measureDistributions(
  database: Database,
  rowsOf: RowsOfFeature,
  features: readonly Feature[],
  vocabularies: Readonly<Record<string, Vocabulary>>,
): Promise<Distributions> {
  const measured: [string, Distribution][] = [];
  for (const feature of features) {
    const kind = featureKind(feature);
    const vocabulary = feature.embedding === null ? undefined : vocabularies[feature.embedding];
    const column = { values: kind.eachValue(0), isMissing: kind.isMissing(0), vocabulary };
    measured.push([feature.name, await MEASURES[kind.scale](database, rowsOf(feature), column)]);
  }
  return Object.fromEntries(measured);
}

/** SQL of a feature's values, over prepared rows. */
interface MeasuredColumn {
  /** SQL that selects each value as a row of its own. */
  readonly values: string;
  /** SQL condition that a row has no value. */
  readonly isMissing: string;
  readonly vocabulary: Vocabulary | undefined;
}

const MEASURES: Readonly<
  Record<
    FeatureKind<Feature>['scale'],
    (database: Database, from: string, column: MeasuredColumn) => Promise<Distribution>
  >
> = { ordered: measureNumber, nominal: measureValues };

async function measureNumber(
  database: Database,
  from: string,
  { values: column }: MeasuredColumn,
): Promise<NumberDistribution> {
  const training = `${from} WHERE "#part" = 0`;
  const counts = await queryOne(database, `SELECT count(*) AS rows, count(${column}) AS present FROM ${training}`);
  const [rows, present] = [Number(counts.rows), Number(counts.present)];
  const size = Math.min(present, RANKS);
  const values: number[] = [];
  let below = 0;
  const relation = `(SELECT ${column} AS value FROM ${training} AND ${column} IS NOT NULL)`;
  for await (const { value, count } of ascendingCounts(database, relation)) {
    below += count;
    // The k-th value is the one in the middle of the k-th of `size` equal parts.
    while (values.length < size && (values.length + 0.5) * present < below * size) values.push(value);
  }
  return { kind: 'number', rows, missing: rows - present, values };
}

async function measureValues(
  database: Database,
  from: string,
  { values: value, isMissing, vocabulary }: MeasuredColumn,
): Promise<ValueDistribution> {
  const training = `${from} WHERE "#part" = 0`;
  const { rows, missing } = await queryOne(
    database,
    `SELECT count(*) AS rows, count(*) FILTER (${isMissing}) AS missing FROM ${training}`,
  );
  const values = `(SELECT CAST(${value} AS VARCHAR) AS value FROM ${training})`;
  const name =
    vocabulary === undefined ? 'NULL' : `CASE WHEN value IN (SELECT value FROM ${vocabulary.table}) THEN value END`;
  const top = await query(
    database,
    `SELECT '#' || to_hex(${hashSql(0, 'value')}) AS hash, ${name} AS name, count, total FROM (
       SELECT value, count(*) AS count, sum(count(*)) OVER () AS total FROM ${values} WHERE value IS NOT NULL
       GROUP BY value ORDER BY count DESC, value LIMIT ${MOST_VALUES}) ORDER BY count DESC, value`,
  );
  return {
    kind: 'values',
    rows: Number(rows),
    missing: Number(missing),
    total: Number(top[0]?.total ?? 0),
    top: top.map(
      ({ hash, count, name: text }) => [String(hash), Number(count), text == null ? null : String(text)] as const,
    ),
  };
}
