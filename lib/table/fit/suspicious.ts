/**
 * Finds features that predict a label almost perfectly by themselves, in a sample of the rows.
 *
 * A number is a score as it is. Every value of any kind gets, as its score, the rate of the label in one half of the
 * rows, and is judged by the other half: in the same rows, rare values would predict their own labels. A row without a
 * value has a score, too, so that a column that is filled only after the conversion is found.
 */
import { fixed } from '../../numbers/text.ts';
import { labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { type Database, query } from '../database.ts';
import { preparedName } from '../kinds/feature-kind.ts';
import { featureKind, valueColumns } from '../kinds/index.ts';
import { rowsOfFeatures } from './rows-of-feature.ts';
import { inFirstHalfSql, inSampleSql, sampleStep } from './sample.ts';

/** A feature that predicts a label almost perfectly by itself: most likely its column is known only afterwards. */
export interface SuspiciousColumn {
  readonly feature: string;
  /** Its column; the columns of a cross joined by ` x `. */
  readonly column: string;
  /** The stage whose label it predicts. */
  readonly stage: string;
  readonly auc: number;
}

/** AUC above which a feature is suspicious, which is told. */
const SUSPICIOUS_AUC = 0.95;
/** AUC above which it is taken for a leak: features that are known before the impression hardly reach it. */
export const LEAK_AUC = 0.98;
/** With fewer rows of a class, a feature may rank them all first by chance. */
const LEAST_OF_CLASS = 10;
/** Rows that are looked at: of features with one value in a row, and of bags. */
const SAMPLE_ROWS = 500_000;
const SAMPLE_ROWS_OF_BAGS = 100_000;
/** Rows of the average rate that are added to those of a value in a bag, so that a rare value is no perfect score. */
const PRIOR_ROWS = 10;

/** Returns what is suspicious of a column as text: `pay_amount alone tells conversion with an AUC of 1.000`. */
export function suspicionText({ column, stage, auc }: SuspiciousColumn): string {
  return `${column} alone tells ${stage} with an AUC of ${fixed(auc, 3)}`;
}

/** Returns the suspicious columns of a log, in the order of the stages. */
export async function findSuspicious(database: Database, log: CheckedLog): Promise<SuspiciousColumn[]> {
  const { declaration, source } = log;
  const stages = labelledStages(declaration);
  const rowsOf = rowsOfFeatures(log);
  const found: SuspiciousColumn[][] = stages.map(() => []);
  for (const feature of declaration.features) {
    const { isMultiValued, scale, allValues } = featureKind(feature);
    const step = sampleStep(source.rows, isMultiValued ? SAMPLE_ROWS_OF_BAGS : SAMPLE_ROWS);
    const value = isMultiValued ? preparedName('bag', 0) : allValues(0);
    const labels = stages.map((_, stage) => `"#label${stage}" AS label${stage}`);
    const rows = `(SELECT "#row" AS place, ${inFirstHalfSql(step)} AS is_first, ${value} AS value, ${labels.join(', ')}
      FROM ${rowsOf(feature)} WHERE ${inSampleSql(step)})`;
    const tallies = isMultiValued ? bagTallies(rows, stages.length) : valueTallies(rows, stages.length, scale);
    const aucs = await greatestAucs(database, tallies);
    for (const [stage, { name }] of stages.entries()) {
      const auc = aucs.get(stage) ?? 0;
      if (auc > SUSPICIOUS_AUC)
        found[stage]?.push({ feature: feature.name, column: valueColumns(feature).join(' x '), stage: name, auc });
    }
  }
  return found.flat();
}

/** SQL of common table expressions, and queries over them of scores with the number of rows of each class. */
interface Tallies {
  readonly tables: readonly string[];
  readonly scores: readonly {
    readonly stage: number;
    /** Whether low scores may tell the label as well as high ones. */
    readonly isTwoSided: boolean;
    /** SQL with the columns `score`, `ones` and `zeros`. */
    readonly sql: string;
  }[];
}

/** Returns the tallies of a feature with one value in a row: by the rates of its values and, if ordered, by itself. */
function valueTallies(rows: string, stages: number, scale: 'ordered' | 'nominal'): Tallies {
  const each = (columns: (stage: number) => readonly string[]) =>
    Array.from({ length: stages }, (_, stage) => columns(stage))
      .flat()
      .join(', ');
  const counts = each((s) => [
    `count(*) FILTER (is_first AND label${s} = 1) AS ones${s}`,
    `count(*) FILTER (is_first AND label${s} = 0) AS zeros${s}`,
    `count(*) FILTER (NOT is_first AND label${s} = 1) AS judged_ones${s}`,
    `count(*) FILTER (NOT is_first AND label${s} = 0) AS judged_zeros${s}`,
  ]);
  const bases = each((s) => [`sum(ones${s}) / greatest(sum(ones${s} + zeros${s}), 1) AS base${s}`]);
  return {
    tables: [
      `tally AS MATERIALIZED (SELECT value, ${counts} FROM ${rows} GROUP BY value)`,
      `bases AS MATERIALIZED (SELECT ${bases} FROM tally)`,
    ],
    scores: Array.from({ length: stages }, (_, s) => [
      {
        stage: s,
        isTwoSided: false,
        sql: `SELECT CASE WHEN ones${s} + zeros${s} = 0 THEN base${s} ELSE ones${s} / (ones${s} + zeros${s}) END AS score,
          judged_ones${s} AS ones, judged_zeros${s} AS zeros FROM tally, bases`,
      },
      ...(scale === 'nominal'
        ? []
        : [
            {
              stage: s,
              isTwoSided: true,
              sql: `SELECT COALESCE(CAST(value AS DOUBLE), '-inf') AS score, ones${s} + judged_ones${s} AS ones,
                zeros${s} + judged_zeros${s} AS zeros FROM tally`,
            },
          ]),
    ]).flat(),
  };
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
        isTwoSided: false,
        sql: `SELECT ${end}${s} AS score, CAST(${label} = 1 AS INTEGER) AS ones, CAST(${label} = 0 AS INTEGER) AS zeros
          FROM judged WHERE ${label} >= 0`,
      })),
    ),
  };
}

/** Returns, by stage, the greatest exact AUC of the scores, ties included; none where a class has too few rows. */
async function greatestAucs(database: Database, { tables, scores }: Tallies): Promise<Map<number, number>> {
  if (scores.length === 0) return new Map();
  const won = scores.map(
    ({ sql }, index) => `SELECT ${index} AS index, sum(CAST(ones AS DOUBLE) * (below + zeros / 2)) AS won,
      sum(ones) AS ones, sum(zeros) AS zeros
      FROM (SELECT *, sum(zeros) OVER (ORDER BY score) - zeros AS below
        FROM (SELECT score, sum(ones) AS ones, sum(zeros) AS zeros FROM (${sql}) GROUP BY score))`,
  );
  const greatest = new Map<number, number>();
  for (const row of await query(database, `WITH ${tables.join(', ')} ${won.join(' UNION ALL ')}`)) {
    const [ones, zeros] = [Number(row.ones ?? 0), Number(row.zeros ?? 0)];
    const score = scores[Number(row.index)];
    if (score === undefined || Math.min(ones, zeros) < LEAST_OF_CLASS) continue;
    const auc = Number(row.won) / (ones * zeros);
    const told = score.isTwoSided ? Math.max(auc, 1 - auc) : auc;
    greatest.set(score.stage, Math.max(told, greatest.get(score.stage) ?? 0));
  }
  return greatest;
}
