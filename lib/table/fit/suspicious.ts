/** Finds features that predict a label almost perfectly by themselves. */
import type { Feature } from '../../config/declaration.ts';
import { fixed } from '../../numbers/text.ts';
import { labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { type Database, queryOne } from '../database.ts';
import type { FeatureKind } from '../kinds/feature-kind.ts';
import { featureKind, valueColumns } from '../kinds/index.ts';

/** A feature that predicts a label almost perfectly by itself: most likely its column is known only afterwards. */
export interface SuspiciousColumn {
  readonly feature: string;
  /** Its column; the columns of a cross joined by ` x `. */
  readonly column: string;
  /** The stage whose label it predicts. */
  readonly stage: string;
  readonly auc: number;
}

const SUSPICIOUS_AUC = 0.98;
/** With fewer rows of a class, a feature may rank them all first by chance. */
const LEAST_OF_CLASS = 10;

/** Returns what is suspicious of a column as text: `pay_amount alone tells conversion with an AUC of 1.000`. */
export function suspicionText({ column, stage, auc }: SuspiciousColumn): string {
  return `${column} alone tells ${stage} with an AUC of ${fixed(auc, 3)}`;
}

/** Returns the suspicious columns among the good rows of a log. */
export async function findSuspicious(
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

/** Returns the exact AUC, ties included, of `score` for `label`; `null` if a class has too few rows to tell. */
async function groupedAuc(database: Database, scored: string): Promise<number | null> {
  const groups = `SELECT score, sum(label) AS positives, count(*) - sum(label) AS negatives FROM (${scored}) GROUP BY score`;
  const ranked = `SELECT *, sum(negatives) OVER (ORDER BY score) - negatives AS below FROM (${groups})`;
  const { won, positives, negatives } = await queryOne(
    database,
    `SELECT sum(CAST(positives AS DOUBLE) * (below + negatives / 2)) AS won, sum(positives) AS positives, sum(negatives) AS negatives FROM (${ranked})`,
  );
  const [ones, zeros] = [Number(positives ?? 0), Number(negatives ?? 0)];
  return Math.min(ones, zeros) < LEAST_OF_CLASS ? null : Number(won) / (ones * zeros);
}
