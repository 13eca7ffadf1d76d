/** Where models are trained: the log, read and encoded once, and threads that train on it. */
import type { Declaration } from '../../config/declaration.ts';
import type { DeclarationFile } from '../../own-model/model-file.ts';
import type { Encoder } from '../../table/encoder.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import type { CachedRows } from '../../training/rows/cache-rows.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { OnRunProgress, RunScores } from './run.ts';

/** What a competitor trains with. */
export interface Bench {
  readonly opened: OpenedLog;
  readonly encoder: Encoder;
  /** The encoded rows; `calibration` has those of the validation part. */
  readonly rows: CachedRows;
  /** Folder for files on the way. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** The memory that runs at once share. */
  readonly memory: MemoryBudget;
  /** Bytes that the process used before the first run. */
  readonly usedBytes: number;
  /** Trains a model of the family in a thread of its own, and scores validation and test rows. */
  train(request: TrainRequest, onProgress: OnRunProgress): Promise<RunScores>;
  /** Trains the CTR network that all models share, in a thread of its own; its only output is `pctr`. */
  trainSharedCtr(request: Omit<TrainRequest, 'source'>, onProgress: OnRunProgress): Promise<RunScores>;
}

/** A training of a declared model. */
export interface TrainRequest {
  readonly declaration: Declaration;
  /** The declaration's file where it names a model of its own; else `null`. */
  readonly source: DeclarationFile | null;
  readonly seed: number;
  readonly share: number;
}
