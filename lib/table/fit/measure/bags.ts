/** Counts the values of bags and sequences by the lengths that they have in the log, before they are cut. */
import type { ListFeature } from '../../../config/declaration.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, query } from '../../database.ts';
import { preparedName } from '../../kinds/feature-kind.ts';

/** What is known of a bag by its lengths. */
export interface BagFacts {
  /** Training rows without a value. */
  readonly missing: number;
  /** Values of the training rows, and those of them that are cut. */
  readonly values: number;
  readonly cut: number;
  /** Greatest number of values in a row, and rows with a value, of all parts. */
  readonly longest: number;
  readonly present: number;
}

/** Measures the lengths of bags, by feature. */
export async function measureBags(
  database: Database,
  log: PreparedLog,
  bags: readonly ListFeature[],
): Promise<ReadonlyMap<string, BagFacts>> {
  if (bags.length === 0) return new Map();
  const columns = bags.flatMap(({ maxLength }, index) => {
    const length = preparedName('length', index);
    return [
      `sum(CAST(${length} = 0 AS BIGINT)) AS missing${index}`,
      `sum(${length}) AS values${index}`,
      `sum(greatest(${length} - ${maxLength}, 0)) AS cut${index}`,
      `max(${length}) AS longest${index}`,
    ];
  });
  const parts = await query(
    database,
    `SELECT "#part" = 0 AS is_training, count(*) AS rows, ${columns.join(', ')} FROM ${goodLogRows(log, bags)} GROUP BY is_training`,
  );
  const training = parts.find(({ is_training: isTraining }) => isTraining === true);
  return new Map(
    bags.map(({ name }, index) => {
      const present = parts.map((part) => Number(part.rows) - Number(part[`missing${index}`]));
      const facts = {
        missing: Number(training?.[`missing${index}`] ?? 0),
        values: Number(training?.[`values${index}`] ?? 0),
        cut: Number(training?.[`cut${index}`] ?? 0),
        longest: Math.max(0, ...parts.map((part) => Number(part[`longest${index}`]))),
        present: present.reduce((sum, rows) => sum + rows, 0),
      };
      return [name, facts] as const;
    }),
  );
}
