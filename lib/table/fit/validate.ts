/** Reports on a log, for a person to read before training on it. */
import type { RejectCount } from '../check/acceptable.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows } from '../check/prepared-rows.ts';
import { type Database, queryOne } from '../database.ts';
import { encodeLog } from '../encode/encode.ts';
import { ValueCounter } from '../encode/value-counts.ts';
import { rowsOfPart } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import { featureKind } from '../kinds/index.ts';
import { encoderOf } from './fit-encoder.ts';
import { type LogSummary, summarizeLog } from './summary.ts';
import { type HeldOutCounts, unknownNotes } from './unknown-notes.ts';

/** The report on a log. */
export interface LogReport {
  readonly summary: LogSummary;
  readonly rejects: readonly RejectCount[];
  /** Number of distinct values in the good rows, by feature. */
  readonly distinct: Readonly<Record<string, number>>;
  /** Counts of missing and unknown values in the held-out parts, by an encoder that is fitted to the training rows. */
  readonly heldOut: HeldOutCounts;
}

/**
 * Summarises a log, counts distinct values, and those of the held-out rows that a model would not know.
 * @throws {DataError} as `summarizeLog`.
 */
export async function validateLog(database: Database, log: CheckedLog): Promise<LogReport> {
  const { summary, measured } = await summarizeLog(database, log);
  const encoder = encoderOf(log, measured);
  const heldOut = await countHeldOut(database, log, encoder);
  return {
    summary: { ...summary, notes: [...summary.notes, ...unknownNotes(heldOut, encoder)] },
    rejects: log.rejects,
    distinct: await countDistinct(database, log),
    heldOut,
  };
}

async function countHeldOut(database: Database, log: CheckedLog, encoder: Encoder): Promise<HeldOutCounts> {
  const [validation, test] = [new ValueCounter(encoder), new ValueCounter(encoder)];
  for await (const chunk of encodeLog(database, log, encoder, { parts: ['validation', 'test'] })) {
    validation.add(chunk, rowsOfPart(chunk, 'validation'));
    test.add(chunk, rowsOfPart(chunk, 'test'));
  }
  return { validation: validation.counts(), test: test.counts() };
}

async function countDistinct(database: Database, log: CheckedLog): Promise<Record<string, number>> {
  const distinct: Record<string, number> = {};
  for (const feature of log.declaration.features) {
    const { count } = await queryOne(
      database,
      `SELECT count(DISTINCT value) AS count FROM (SELECT ${featureKind(feature).eachValue(0)} AS value FROM ${goodLogRows(log, [feature])})`,
    );
    distinct[feature.name] = Number(count);
  }
  return distinct;
}
