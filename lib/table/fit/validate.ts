/** Reports on a log, for a person to read before training on it. */
import { assertAcceptable, type RejectCount } from '../check/acceptable.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows } from '../check/prepared-rows.ts';
import { type Database, queryOne } from '../database.ts';
import { featureKind } from '../kinds/index.ts';
import { assertLearnable } from './learnable.ts';
import { type LogSummary, summarizeLog } from './summary.ts';

/** The report on a log. */
export interface LogReport {
  readonly summary: LogSummary;
  readonly rejects: readonly RejectCount[];
  /** Number of distinct values in the good rows, by feature. */
  readonly distinct: Readonly<Record<string, number>>;
}

/**
 * Summarises a log and counts distinct values.
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
