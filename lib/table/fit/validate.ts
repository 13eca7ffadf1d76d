/** Reports on a log, for a person to read before training on it. */
import type { Feature } from '../../config/declaration.ts';
import { assertAcceptable, type RejectCount } from '../check/acceptable.ts';
import { labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows } from '../check/prepared-rows.ts';
import { type Database, queryOne } from '../database.ts';
import type { FeatureKind } from '../kinds/feature-kind.ts';
import { featureKind, valueColumns } from '../kinds/index.ts';
import { assertLearnable } from './learnable.ts';
import { type LogSummary, summarizeLog } from './summary.ts';

/** A feature that predicts a label almost perfectly by itself: most likely its column is known only afterwards. */
export interface SuspiciousColumn {
  readonly feature: string;
  /** Its column; the columns of a cross joined by ` x `. */
  readonly column: string;
  /** The stage whose label it predicts. */
  readonly stage: string;
  readonly auc: number;
}

/** The report on a log. */
export interface LogReport {
  readonly summary: LogSummary;
  readonly rejects: readonly RejectCount[];
  /** Number of distinct values in the good rows, by feature. */
  readonly distinct: Readonly<Record<string, number>>;
  readonly suspicious: readonly SuspiciousColumn[];
}

const SUSPICIOUS_AUC = 0.98;

/**
 * Summarises a log, counts distinct values and finds suspicious columns.
 * @throws {DataError} as `assertAcceptable` and `assertLearnable`.
 */
export async function validateLog(database: Database, log: CheckedLog): Promise<LogReport> {
  assertAcceptable(log);
  const from = goodLogRows(log);
  const summary = await summarizeLog(database, log, from);
  assertLearnable(log, summary);
  return {
    summary,
    rejects: log.rejects,
    distinct: await countDistinct(database, log, from),
    suspicious: await findSuspicious(database, log, from),
  };
}

async function countDistinct(
  database: Database,
  { declaration: { features } }: CheckedLog,
  from: string,
): Promise<Record<string, number>> {
  const distinct: Record<string, number> = {};
  for (const [index, feature] of features.entries()) {
    const { count } = await queryOne(
      database,
      `SELECT count(DISTINCT value) AS count FROM (SELECT ${featureKind(feature).eachValue(index)} AS value FROM ${from})`,
    );
    distinct[feature.name] = Number(count);
  }
  return distinct;
}

async function findSuspicious(
  database: Database,
  { declaration }: CheckedLog,
  from: string,
): Promise<SuspiciousColumn[]> {
  const found: SuspiciousColumn[] = [];
  for (const [stage, { name }] of labelledStages(declaration).entries()) {
    for (const [index, feature] of declaration.features.entries()) {
      const kind = featureKind(feature);
      const rows = `(SELECT "#row" AS place, ${kind.allValues(index)} AS value, "#label${stage}" AS label FROM ${from} WHERE "#label${stage}" >= 0)`;
      const auc = await AUCS[kind.scale](database, rows);
      if (auc !== null && auc > SUSPICIOUS_AUC)
        found.push({ feature: feature.name, column: valueColumns(feature).join(' x '), stage: name, auc });
    }
  }
  return found;
}

const AUCS: Readonly<
  Record<FeatureKind<Feature>['scale'], (database: Database, rows: string) => Promise<number | null>>
> = { ordered: orderedAuc, nominal: nominalAuc };

/**
 * Returns the AUC of a number as the score, or of its negative if that is greater. Missing numbers have the lowest
 * score.
 */
async function orderedAuc(database: Database, rows: string): Promise<number | null> {
  const auc = await groupedAuc(database, `SELECT COALESCE(CAST(value AS DOUBLE), '-inf') AS score, label FROM ${rows}`);
  return auc === null ? null : Math.max(auc, 1 - auc);
}

/**
 * Returns the AUC, over the odd rows, of the label rate that each value has in the even rows. With rates of the same
 * rows, rare values would predict their own labels.
 */
function nominalAuc(database: Database, rows: string): Promise<number | null> {
  const rates = `SELECT value, avg(label) AS rate FROM ${rows} WHERE place % 2 = 0 GROUP BY value`;
  const base = `(SELECT avg(label) FROM ${rows} WHERE place % 2 = 0)`;
  const scored =
    `SELECT COALESCE(rates.rate, ${base}, 0) AS score, label FROM ${rows} AS odd ` +
    `LEFT JOIN (${rates}) AS rates ON rates.value IS NOT DISTINCT FROM odd.value WHERE place % 2 = 1`;
  return groupedAuc(database, scored);
}

/** Returns the exact AUC, ties included, of `score` for `label`; `null` if a class is missing. */
async function groupedAuc(database: Database, scored: string): Promise<number | null> {
  const groups = `SELECT score, sum(label) AS positives, count(*) - sum(label) AS negatives FROM (${scored}) GROUP BY score`;
  const ranked = `SELECT *, sum(negatives) OVER (ORDER BY score) - negatives AS below FROM (${groups})`;
  const { won, positives, negatives } = await queryOne(
    database,
    `SELECT sum(CAST(positives AS DOUBLE) * (below + negatives / 2)) AS won, sum(positives) AS positives, sum(negatives) AS negatives FROM (${ranked})`,
  );
  const pairs = Number(positives ?? 0) * Number(negatives ?? 0);
  return pairs === 0 ? null : Number(won) / pairs;
}
