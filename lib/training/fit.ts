/** Epochs over the training rows, with early stopping on the validation rows. */
import { setImmediate } from 'node:timers/promises';
import type { TrainingChoice } from '../config/declaration.ts';
import type { TrainingEngine, Weights } from '../engine/engine.ts';
import { exceedsNoise, type StopRule, stopReason } from './epochs/early-stopping.ts';
import type { EpochRecord, TrainingHistory } from './epochs/epoch-record.ts';
import { forEachAhead } from './epochs/for-each-ahead.ts';
import { addWeighted, dividedBy, totalLoss } from './epochs/mean-losses.ts';
import { criterionOf, validate } from './epochs/validate.ts';
import type { RowCache } from './rows/row-cache.ts';
import { emptyWeights } from './weights/empty-weights.ts';

/** How the engine is trained, and from which state. */
export interface FitOptions extends StopRule {
  readonly batchSize: number;
  /** What training stops by: `sum`, or the name of a loss or of an output. */
  readonly stopBy: string;
  readonly seed: number;
  readonly shuffle: TrainingChoice['shuffle'];
  readonly onProgress?: (progress: FitProgress) => void;
  /** Called at the end of each epoch, with the rows that it trained on. */
  readonly onEpoch?: (epoch: EpochRecord, rows: number) => void;
  /** Stops after the step under way, its state kept where there is a keeper. */
  readonly signal?: AbortSignal;
  readonly keeper?: StateKeeper;
  /** State to continue from; the engine must have been restored to it. */
  readonly from?: FitState;
}

/** How far training is. */
export interface FitProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly rows: number;
  readonly totalRows: number;
  /** Mean training loss of the epoch so far. */
  readonly loss: number;
}

/** The weights of the best epoch, and what is known of every epoch. */
export interface Fitted extends TrainingHistory {
  readonly weights: Weights;
}

/** Thrown if the loss is no longer a finite number. */
export class DivergedLossError extends Error {
  override readonly name = 'DivergedLossError';
  constructor(
    readonly epoch: number,
    readonly step: number,
    readonly loss: number,
  ) {
    super(
      `training diverged: loss got ${loss} at step ${step} of epoch ${epoch}, expected a finite number (lower training.learning_rate)`,
    );
  }
}

/** Position of a training between two steps. The rest of it depends on this and on the engine's state alone. */
export interface FitState {
  /** The epoch under way, from 1. */
  readonly epoch: number;
  /** Number of batches of the epoch that have been trained on. */
  readonly batches: number;
  /** Number of rows in those batches. */
  readonly rows: number;
  /** Sums over those rows of the losses, by name. */
  readonly sums: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly epochs: readonly EpochRecord[];
  readonly best: BestEpoch;
}

/** The best epoch so far, by what training stops by; 0 before the first. */
export interface BestEpoch {
  readonly epoch: number;
  readonly loss: number;
  /** The parts of `loss` that blocks of validation rows contribute. */
  readonly blocks: readonly number[];
  /** Its weights, in arrays that a better epoch overwrites; all 0 before the first. */
  readonly weights: Weights;
}

/** Saves states, so that training can continue in another process. */
export interface StateKeeper {
  /** Whether the last saved state is so old that another should be saved. */
  isDue(): boolean;
  save(engine: TrainingEngine, state: FitState): Promise<void>;
}

/**
 * Trains the engine and returns the weights of the epoch that is best by what training stops by (of the last one without
 * validation rows). If it continues from a state, with the engine restored to it, the result is the same.
 */
export async function fit(
  engine: TrainingEngine,
  train: RowCache,
  validation: RowCache,
  options: FitOptions,
): Promise<Fitted> {
  const start = { epoch: 0, loss: Number.POSITIVE_INFINITY, blocks: [], weights: emptyWeights(engine.model) };
  let state = options.from ?? { epoch: 1, ...UNBEGUN, epochs: [], best: start };
  const stopBy = criterionOf(engine, options.stopBy);
  let stopped = stopReason(state.epochs, state.best.epoch, options);
  while (stopped === null) {
    state = await trainEpoch(engine, train, state, options);
    state = await closeEpoch(engine, validation, state, { ...options, stopBy });
    stopped = stopReason(state.epochs, state.best.epoch, options);
  }
  // Calibration and export may take long. If they are interrupted, training need not be repeated.
  await options.keeper?.save(engine, state);
  const { best, epochs } = state;
  return { weights: best.weights, epochs, bestEpoch: best.epoch, stopped, stopBy };
}

const UNBEGUN = { batches: 0, rows: 0, sums: {}, seconds: 0 } as const;

async function trainEpoch(
  engine: TrainingEngine,
  train: RowCache,
  from: FitState,
  options: FitOptions,
): Promise<FitState> {
  const { epoch } = from;
  const started = performance.now();
  const sums = { ...from.sums };
  let { batches, rows } = from;
  const state = (): FitState => {
    const seconds = from.seconds + (performance.now() - started) / 1000;
    return { ...from, batches, rows, sums, seconds };
  };
  const { batchSize, seed, shuffle } = options;
  const order = { seed, epoch, shuffle, skip: from.batches };
  await forEachAhead(train.batches(batchSize, order), async (batch) => {
    const losses = await engine.train(batch);
    const loss = totalLoss(engine, losses);
    if (!Number.isFinite(loss)) throw new DivergedLossError(epoch, engine.steps, loss);
    addWeighted(sums, losses, batch.rows);
    rows += batch.rows;
    batches += 1;
    options.onProgress?.({
      epoch,
      epochs: options.epochs,
      rows,
      totalRows: train.rows,
      loss: totalLoss(engine, sums) / rows,
    });
    await pause(engine, state, options);
  });
  return state();
}

/** Validates, and returns the state at the beginning of the next epoch. */
async function closeEpoch(
  engine: TrainingEngine,
  validation: RowCache,
  state: FitState,
  options: FitOptions,
): Promise<FitState> {
  const started = performance.now();
  const { epoch, best } = state;
  const trainLosses = dividedBy(state.sums, state.rows);
  const afterBatch = () => pause(engine, () => state, options);
  const measured = validation.rows === 0 ? null : await validate(engine, validation, { ...options, afterBatch });
  if (measured !== null && !Number.isFinite(measured.loss))
    throw new DivergedLossError(epoch, engine.steps, measured.loss);
  const loss = measured?.criterion ?? Number.POSITIVE_INFINITY;
  const isBest = measured === null || best.epoch === 0 || loss < best.loss;
  const record: EpochRecord = {
    epoch,
    trainLoss: totalLoss(engine, trainLosses),
    trainLosses,
    validationLoss: measured?.loss ?? null,
    validationLosses: measured?.losses ?? null,
    validationOutputs: measured?.outputs ?? null,
    criterion: measured?.criterion ?? null,
    isBest,
    isWorse: measured !== null && !isBest && exceedsNoise(measured.blocks, best.blocks),
    seconds: state.seconds + (performance.now() - started) / 1000,
  };
  options.onEpoch?.(record, state.rows);
  return {
    epoch: epoch + 1,
    ...UNBEGUN,
    epochs: [...state.epochs, record],
    // Tables may be so large that there is no memory for a second copy of them.
    best: isBest ? { epoch, loss, blocks: measured?.blocks ?? [], weights: engine.weights(best.weights) } : best,
  };
}

/** Lets Node.js deliver signals, saves a checkpoint if one is due, and throws if training has been aborted. */
async function pause(engine: TrainingEngine, state: () => FitState, { keeper, signal }: FitOptions): Promise<void> {
  // An engine of one thread blocks the event loop: without this pause, no signal would ever be delivered.
  await setImmediate();
  if (keeper !== undefined && (signal?.aborted || keeper.isDue())) await keeper.save(engine, state());
  signal?.throwIfAborted();
}
