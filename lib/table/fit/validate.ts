/** What a log holds, for a person to look at before training on it. */
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

/** A column that alone tells the label almost surely: known only afterwards, most likely. */
export interface SuspiciousColumn {
  readonly feature: string;
  /** Its column; of a feature of several, all of them. */
  readonly column: string;
  readonly stage: string;
  readonly auc: number;
}

export interface LogReport {
  readonly summary: LogSummary;
  readonly rejects: readonly RejectCount[];
  /** By feature: different values among the good rows. */
  readonly distinct: Readonly<Record<string, number>>;
  readonly suspicious: readonly SuspiciousColumn[];
}

const SUSPICIOUS_AUC = 0.98;

/**
 * Refuses a log that training would refuse, and looks at every column of another.
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
      `SELECT count(DISTINCT value) AS count FROM (SELECT ${featureKind(feature).values(index)} AS value FROM ${from})`,
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
      const rows = `(SELECT "#row" AS place, ${kind.value(index)} AS value, "#label${stage}" AS label FROM ${from} WHERE "#label${stage}" >= 0)`;
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

/** AUC of the number itself, in whichever direction; a missing one is below all others. */
async function orderedAuc(database: Database, rows: string): Promise<number | null> {
  const auc = await groupedAuc(database, `SELECT COALESCE(CAST(value AS DOUBLE), '-inf') AS score, label FROM ${rows}`);
  return auc === null ? null : Math.max(auc, 1 - auc);
}

/** AUC on the odd rows of each value's label rate in the even rows: rates of the same rows would flatter rare values. */
function nominalAuc(database: Database, rows: string): Promise<number | null> {
  const rates = `SELECT value, avg(label) AS rate FROM ${rows} WHERE place % 2 = 0 GROUP BY value`;
  const base = `(SELECT avg(label) FROM ${rows} WHERE place % 2 = 0)`;
  const scored =
    `SELECT COALESCE(rates.rate, ${base}, 0) AS score, label FROM ${rows} AS odd ` +
    `LEFT JOIN (${rates}) AS rates ON rates.value IS NOT DISTINCT FROM odd.value WHERE place % 2 = 1`;
  return groupedAuc(database, scored);
}

/** Exact AUC with ties of `score` for `label`; `null` where a class is missing. */
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
