/** The lines and the metrics by which a run is followed. */
import type { Foreseen } from '../../lib/gate/foresee.ts';
import { type LogSummary, toldOf } from '../../lib/table/fit/summary.ts';
import type { CheckpointEvent } from '../../lib/training/checkpoints.ts';
import type { EpochRecord } from '../../lib/training/epochs/epoch-record.ts';
import type { RunTools } from './tools.ts';

/** Logs what is in a checked log, what a user should know of it, and why the gate will refuse any version, if it will. */
export function logSummary({ log }: RunTools, summary: LogSummary, { refusals, notes }: Foreseen): void {
  const {
    rows,
    rejected,
    split,
    parts: { train, validation, test },
  } = summary;
  const parts = { train: train.rows, validation: validation.rows, test: test.rows };
  log.info('log checked', { rows, rejected, split, ...parts, notes: [...toldOf(summary), ...notes] });
  // The run goes on: its refused version and the decision on it are what the night is known by.
  if (refusals.length > 0) log.info('the gate will refuse the version', { reasons: refusals });
}

/** Logs the losses of an epoch, and counts them as metrics. */
export function logEpoch(
  { log, count }: RunTools,
  epoch: EpochRecord,
  rowsPerSecond: number,
  network: string | null,
): void {
  const { trainLoss, validationLoss } = epoch;
  log.info('epoch ended', { ...(network !== null && { network }), ...epoch, rowsPerSecond: Math.round(rowsPerSecond) });
  count({
    EpochLoss: trainLoss,
    ...(validationLoss !== null && { ValidationLoss: validationLoss }),
    RowsPerSecond: rowsPerSecond,
  });
}

/** Logs that a checkpoint was written, used or not used, and counts the time that writing took. */
export function logCheckpoint({ log, count }: RunTools, event: CheckpointEvent): void {
  const { kind, ...details } = event;
  const lines = {
    written: 'checkpoint written',
    resumed: 'going on from a checkpoint',
    useless: 'checkpoint not used',
  };
  log.info(lines[kind], details);
  if (event.kind === 'written') count({ CheckpointSeconds: event.seconds });
}
