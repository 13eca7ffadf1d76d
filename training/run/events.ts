/** The lines and the metrics by which a run is followed. */
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import type { CheckpointEvent } from '../../lib/training/checkpoints.ts';
import type { EpochRecord } from '../../lib/training/fit.ts';
import type { RunTools } from './tools.ts';

/** Logs what is in a checked log. */
export function logSummary(
  { log }: RunTools,
  { rows, rejected, parts: { train, validation, test } }: LogSummary,
): void {
  log.info('log checked', { rows, rejected, train: train.rows, validation: validation.rows, test: test.rows });
}

/** Logs the losses of an epoch, and counts them as metrics. */
export function logEpoch({ log, count }: RunTools, epoch: EpochRecord, rowsPerSecond: number): void {
  const { trainLoss, validationLoss } = epoch;
  log.info('epoch ended', { ...epoch, rowsPerSecond: Math.round(rowsPerSecond) });
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
