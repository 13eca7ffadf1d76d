/**
 * Finds features that predict a label almost perfectly by themselves, in a sample of the rows.
 *
 * A number is a score as it is. Every value of any kind gets, as its score, the rate of the label in one half of the
 * rows, and is judged by the other half: in the same rows, rare values would predict their own labels. A row without a
 * value has a score, too, so that a column that is filled only after the conversion is found.
 */
import { isList } from '../../config/features/kinds.ts';
import { fixed } from '../../numbers/text.ts';
import { labelledStages } from '../check/labels.ts';
import type { PreparedLog } from '../check/prepared-rows.ts';
import type { Database } from '../database.ts';
import { valueColumns } from '../kinds/index.ts';
import { bagAucs } from './measure/bag-aucs.ts';
import { type SampledColumn, valueAucs } from './measure/value-aucs.ts';
import type { PartSummary } from './parts.ts';
import { sampleStep } from './sample.ts';

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

/** Rows of each class that are enough to tell an AUC of 0.95 from others, and limits of the rows that are looked at. */
const ENOUGH_OF_CLASS = 1000;
const [FEWEST_ROWS, MOST_ROWS] = [200_000, 500_000];

/** Returns what is suspicious of a column as text: `pay_amount alone tells conversion with an AUC of 1.000`. */
export function suspicionText({ column, stage, auc }: SuspiciousColumn): string {
  return `${column} alone tells ${stage} with an AUC of ${fixed(auc, 3)}`;
}

/**
 * Returns the suspicious columns of a log, in the order of the stages.
 * @param onColumn called with the sample of every feature with one value in a row.
 */
export async function findSuspicious(
  database: Database,
  log: PreparedLog,
  training: PartSummary,
  onColumn?: (column: SampledColumn) => void,
): Promise<SuspiciousColumn[]> {
  const { features } = log.declaration;
  const stages = labelledStages(log.declaration);
  const singles = features.filter((feature) => !isList(feature));
  const step = sampleStep(log.source.rows, sampleRows(training));
  const aucs = new Map(await valueAucs(database, log, singles, { stages: stages.length, step, onColumn }));
  for (const feature of features)
    if (isList(feature)) aucs.set(feature.name, await bagAucs(database, log, feature, stages.length));
  return stages.flatMap(({ name: stage }, index) =>
    features.flatMap((feature) => {
      const auc = aucs.get(feature.name)?.[index] ?? 0;
      if (auc <= SUSPICIOUS_AUC) return [];
      return { feature: feature.name, column: valueColumns(feature).join(' x '), stage, auc };
    }),
  );
}

/** Returns how many rows are looked at: as many as have enough of the rarest class, within limits. */
function sampleRows({ rows, labels }: PartSummary): number {
  const counts = Object.values(labels).flatMap(({ positives, negatives }) => [positives, negatives]);
  const wanted = (ENOUGH_OF_CLASS * rows) / Math.max(1, Math.min(...counts));
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, wanted));
}
