/** How well the values of a bag or sequence, one by one, tell the labels of the other half of a sample. */
import type { ListFeature } from '../../../config/declaration.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, query } from '../../database.ts';
import { preparedName } from '../../kinds/feature-kind.ts';
import { inFirstHalfSql, inSampleSql, sampleStep } from '../sample.ts';
import { LEAST_OF_CLASS } from './label-aucs.ts';

/** Rows that are looked at. */
const SAMPLE_ROWS = 100_000;
/** Rows of the average rate that are added to those of a value in a bag, so that a rare value is no perfect score. */
const PRIOR_ROWS = 10;

/**
 * Returns, for each labelled stage, the greater AUC of two scores of a row: the greatest, and the least, of the rates of
 * its values; 0 where a class has too few rows.
 */
export async function bagAucs(
  database: Database,
  log: PreparedLog,
  bag: ListFeature,
  stages: number,
): Promise<number[]> {
  const step = sampleStep(log.source.rows, SAMPLE_ROWS);
  const labels = Array.from({ length: stages }, (_, stage) => `"#label${stage}" AS label${stage}`);
  const columns = ['"#row" AS place', `${inFirstHalfSql(step)} AS is_first`, `${preparedName('list', 0)} AS value`];
  const rows = `(SELECT ${[...columns, ...labels].join(', ')} FROM ${goodLogRows(log, [bag])} WHERE ${inSampleSql(step)})`;
  const greatest = new Array<number>(stages).fill(0);
  for (const { stage, auc } of await aucsOf(database, bagTallies(rows, stages)))
    greatest[stage] = Math.max(auc, greatest[stage] ?? 0);
  return greatest;
}

/** SQL of common table expressions, and queries over them of scores with the number of rows of each class. */
interface Tallies {
  readonly tables: readonly string[];
  readonly scores: readonly {
    readonly stage: number;
    /** SQL with the columns `score`, `ones` and `zeros`. */
    readonly sql: string;
  }[];
}

/** Returns the tallies of a bag: a row has the greatest, or the least, of the scores of its values. */
function bagTallies(rows: string, stages: number): Tallies {
  const labels = Array.from({ length: stages }, (_, s) => `label${s}`);
  const scored = labels.map((_, s) => {
    const counted = `count(*) FILTER (label${s} >= 0)`;
    const ones = `count(*) FILTER (label${s} = 1)`;
    return `(${ones} + ${PRIOR_ROWS} * base${s}) / (${counted} + ${PRIOR_ROWS}) AS score${s}`;
  });
  const bases = labels.map((label, s) => `COALESCE(avg(${label}) FILTER (is_first AND ${label} >= 0), 0) AS base${s}`);
  const judged = labels.flatMap((label, s) => [
    `any_value(${label}) AS ${label}`,
    `max(COALESCE(score${s}, base${s})) AS most${s}`,
    `min(COALESCE(score${s}, base${s})) AS least${s}`,
  ]);
  const baseNames = labels.map((_, s) => `base${s}`).join(', ');
  return {
    tables: [
      `sampled AS MATERIALIZED (SELECT * FROM ${rows})`,
      `bases AS MATERIALIZED (SELECT ${bases.join(', ')} FROM sampled)`,
      // An empty bag counts as one value, which is no other's: values are never empty texts.
      `each_value AS (SELECT place, is_first, unnest(CASE WHEN len(value) = 0 THEN [''] ELSE value END) AS value, ${labels.join(', ')} FROM sampled)`,
      `scores AS MATERIALIZED (SELECT value, ${scored.join(', ')} FROM each_value, bases WHERE is_first GROUP BY value, ${baseNames})`,
      `judged AS MATERIALIZED (SELECT place, ${judged.join(', ')} FROM each_value LEFT JOIN scores USING (value), bases
        WHERE NOT is_first GROUP BY place)`,
    ],
    scores: labels.flatMap((label, s) =>
      ['most', 'least'].map((end) => ({
        stage: s,
        sql: `SELECT ${end}${s} AS score, CAST(${label} = 1 AS INTEGER) AS ones, CAST(${label} = 0 AS INTEGER) AS zeros
          FROM judged WHERE ${label} >= 0`,
      })),
    ),
  };
}

/** Returns the exact AUC of each score, ties included; none where a class has too few rows. */
async function aucsOf(
  database: Database,
  { tables, scores }: Tallies,
): Promise<{ readonly stage: number; readonly auc: number }[]> {
  if (scores.length === 0) return [];
  const won = scores.map(
    ({ sql }, index) => `SELECT ${index} AS index, sum(CAST(ones AS DOUBLE) * (below + zeros / 2)) AS won,
      sum(ones) AS ones, sum(zeros) AS zeros
      FROM (SELECT *, sum(zeros) OVER (ORDER BY score) - zeros AS below
        FROM (SELECT score, sum(ones) AS ones, sum(zeros) AS zeros FROM (${sql}) GROUP BY score))`,
  );
  const rows = await query(database, `WITH ${tables.join(', ')} ${won.join(' UNION ALL ')}`);
  return rows.flatMap((row) => {
    const [ones, zeros] = [Number(row.ones ?? 0), Number(row.zeros ?? 0)];
    const stage = scores[Number(row.index)]?.stage;
    return stage === undefined || Math.min(ones, zeros) < LEAST_OF_CLASS
      ? []
      : { stage, auc: Number(row.won) / (ones * zeros) };
  });
}
