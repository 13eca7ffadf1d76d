/**
 * The held-out rows of a log with the new version's scores: made once in a run, and read by the evaluation, by the gate
 * and by the report.
 */

import { readOutcomes } from '../../table/check/outcomes.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import type { OnProgress } from '../progress.ts';
import type { EncodedRows } from '../rows/encoded-rows.ts';
import { type Probabilities, predictRows, type ScoredRows } from './predict.ts';

/** The held-out rows with the new version's scores. */
export interface HeldOut extends ScoredRows {
  /** The scores of the same model without its calibration; `null` where nothing was calibrated. */
  readonly uncalibrated: Probabilities | null;
  /** The encoded rows, on the scratch disk. */
  readonly encoded: EncodedRows;
}

/** The files of the model to score with. */
export interface HeldOutOptions {
  /** Folder of the model, and that of the same model without its calibration. */
  readonly folder: string;
  readonly uncalibratedFolder: string | null;
  readonly threads: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Scores the held-out rows once with the model, and once without its calibration. */
export async function scoreHeldOut(
  { database, log }: OpenedLog,
  encoded: EncodedRows,
  { folder, uncalibratedFolder, threads, onProgress, signal }: HeldOutOptions,
): Promise<HeldOut> {
  const options = { phase: 'evaluate', threads, ...(onProgress && { onProgress }), ...(signal && { signal }) } as const;
  return {
    ...(await readOutcomes(database, log, ['test'])),
    probabilities: await predictRows(folder, encoded, options),
    uncalibrated: uncalibratedFolder === null ? null : await predictRows(uncalibratedFolder, encoded, options),
    encoded,
  };
}
