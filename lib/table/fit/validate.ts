/** Reports on a log, for a person to read before training on it. */
import type { RejectCount } from '../check/acceptable.ts';
import { labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows } from '../check/prepared-rows.ts';
import { type Database, queryOne } from '../database.ts';
import { encodeLog } from '../encode/encode.ts';
import { ValueCounter } from '../encode/value-counts.ts';
import { PARTS, rowsOfPart } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import { featureKind } from '../kinds/index.ts';
import { type OnLogProgress, type RunPart, runPhase } from '../log-progress.ts';
import { encoderOf } from './fit-encoder.ts';
import { countDays, type DayCounts, dayNotes } from './inspect/days.ts';
import { listDrifts } from './inspect/list-drift.ts';
import { findOtherColumns, type OtherColumn, otherColumnNotes } from './inspect/other-columns.ts';
import { driftNotes, type PartDrift, partDrifts, rateNotes } from './inspect/part-drift.ts';
import type { SampledColumn } from './measure/value-aucs.ts';
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
  /** Rows and labels of every day; none without `log.time`. */
  readonly days: readonly DayCounts[];
  /** Share of all rows whose label is final, by stage with `within`. */
  readonly maturity: Readonly<Record<string, number>>;
  /** How much the values of features differ between the parts; of bags and sequences also how many there are in a row. */
  readonly drift: readonly PartDrift[];
  /** Columns that are not declared. */
  readonly otherColumns: readonly OtherColumn[];
}

/** A report on a log, the encoder of its training rows, and the seconds that a training spends on the same measures. */
export interface ValidatedLog extends LogReport {
  readonly encoder: Encoder;
  readonly measureSeconds: number;
}

/**
 * Summarises a log as training does, and looks at what a person should know before: its days, how its parts differ,
 * values that a model would not know, and columns that are not declared.
 * @param onProgress called in the phases `fit` and `inspect`
 * @throws {DataError} as `summarizeLog`.
 */
export async function validateLog(
  database: Database,
  log: CheckedLog,
  onProgress?: OnLogProgress,
): Promise<ValidatedLog> {
  const began = performance.now();
  const drift: PartDrift[] = [];
  const onColumn = (column: SampledColumn) => drift.push(...partDrifts(column));
  const { summary, measured } = await summarizeLog(database, log, { onColumn, onProgress });
  const measureSeconds = (performance.now() - began) / 1000;
  const encoder = encoderOf(log, measured);
  const passes = log.declaration.features.length + 4;
  const told = { phase: 'inspect', size: log.source.rows, passes, onProgress } as const;
  const { heldOut, days, otherColumns, distinct } = await runPhase(database, told, async (run) => {
    drift.push(...(await run(1, () => listDrifts(database, log))));
    return {
      heldOut: await run(1, () => countHeldOut(database, log, encoder)),
      days: await run(1, () => countDays(database, log)),
      otherColumns: await run(1, () => findOtherColumns(database, log)),
      distinct: await countDistinct(database, log, run),
    };
  });
  const notes = [
    ...summary.notes,
    ...unknownNotes(heldOut, encoder),
    ...dayNotes(days, log.declaration),
    ...rateNotes(summary.parts),
    ...driftNotes(drift),
    ...otherColumnNotes(otherColumns),
  ];
  const maturity = maturityOf(log, summary);
  const rows = { summary: { ...summary, notes }, rejects: log.rejects, distinct, heldOut, days, maturity };
  return { ...rows, drift, otherColumns, encoder, measureSeconds };
}

function maturityOf({ declaration }: CheckedLog, { parts }: LogSummary): Record<string, number> {
  const shares = labelledStages(declaration).flatMap(({ name, withinMs }) => {
    if (withinMs === null) return [];
    const rows = PARTS.reduce((sum, part) => sum + parts[part].rows, 0);
    const unknown = PARTS.reduce((sum, part) => sum + (parts[part].labels[name]?.unknown ?? 0), 0);
    return [[name, 1 - unknown / Math.max(1, rows)] as const];
  });
  return Object.fromEntries(shares);
}

async function countHeldOut(database: Database, log: CheckedLog, encoder: Encoder): Promise<HeldOutCounts> {
  const [validation, test] = [new ValueCounter(encoder), new ValueCounter(encoder)];
  for await (const chunk of encodeLog(database, log, encoder, { parts: ['validation', 'test'] })) {
    validation.add(chunk, rowsOfPart(chunk, 'validation'));
    test.add(chunk, rowsOfPart(chunk, 'test'));
  }
  return { validation: validation.counts(), test: test.counts() };
}

async function countDistinct(database: Database, log: CheckedLog, run: RunPart): Promise<Record<string, number>> {
  const distinct: Record<string, number> = {};
  for (const feature of log.declaration.features) {
    const values = `SELECT ${featureKind(feature).eachValue(0)} AS value FROM ${goodLogRows(log, [feature])}`;
    const { count } = await run(1, () => queryOne(database, `SELECT count(DISTINCT value) AS count FROM (${values})`));
    distinct[feature.name] = Number(count);
  }
  return distinct;
}
