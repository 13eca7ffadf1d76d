/** Refuses a log whose training part has nothing to learn from. */
import { durationText } from '../../config/units.ts';
import { count, countOf } from '../../numbers/text.ts';
import { type LabelledStage, labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { DataError } from '../errors.ts';
import type { LabelCounts, PartSummary } from './parts.ts';

const NO_LABELS: Pick<LabelCounts, 'positives' | 'negatives' | 'unknown'> = { positives: 0, negatives: 0, unknown: 0 };

/**
 * Refuses a log whose training part has no rows, or only one class of a label.
 * @param rejected Number of bad rows, of all parts.
 * @throws {DataError} `no_rows`, or `one_class` naming every stage with such a label.
 */
export function assertLearnable({ declaration, source }: CheckedLog, train: PartSummary, rejected: number): void {
  if (train.rows === 0) {
    throw new DataError(
      'no_rows',
      `no training rows: none of ${count(source.rows - rejected)} good rows is in the training part (split by ${declaration.split.by}, in ${source.path})`,
    );
  }
  const problems = labelledStages(declaration).flatMap(
    (stage) => stageProblem(stage, train.rows, train.labels[stage.name] ?? NO_LABELS) ?? [],
  );
  if (problems.length > 0) throw new DataError('one_class', `${problems.join('; ')} (in ${source.path})`);
}

function stageProblem(
  { name, label, withinMs }: LabelledStage,
  rows: number,
  { positives, negatives, unknown }: typeof NO_LABELS,
): string | null {
  if (positives > 0 && negatives > 0) return null;
  if (positives + negatives === 0)
    return `no ${name} label in the training part is settled: all ${countOf(rows, 'row')} are younger than within (${durationText(withinMs ?? 0)})`;
  const missing = positives === 0 ? `no ${name}` : `no row without ${name}`;
  const young = unknown === 0 ? '' : `, ${countOf(unknown, 'row')} too young to tell`;
  const always = positives === 0 ? '0' : '1';
  return `${missing} in the training part (${countOf(rows, 'row')}${young}): ${label} is ${always} in every row that counts, expected both 0 and 1`;
}
