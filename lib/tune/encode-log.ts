/** Reads and encodes a log once, for all trials of a search. */
import { fitEncoder } from '../table/fit/fit-encoder.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { cacheRows } from '../training/rows/cache-rows.ts';
import type { TrainingOptions } from '../training/training-options.ts';
import type { EncodedLog } from './run-trial.ts';

/** Fits the encoder and keeps the encoded rows on the scratch disk. Trials calibrate nothing. */
export async function encodeForTrials(opened: OpenedLog, options: TrainingOptions): Promise<EncodedLog> {
  const { database, log } = opened;
  const training = { ...log.declaration.training, calibration: 'none' as const };
  const own: OpenedLog = { ...opened, log: { ...log, declaration: { ...log.declaration, training } } };
  const { encoder, summary } = await fitEncoder(database, own.log, options.onProgress);
  options.signal?.throwIfAborted();
  const rows = await cacheRows(own, { ...options, encoder, summary });
  return { opened: own, options, encoder, summary, rows };
}
