/** Epochs over the training rows, with early stopping on the validation loss. */
import { setImmediate } from 'node:timers/promises';
import type { TrainingChoice } from '../config/declaration.ts';
import type { TrainingEngine, Weights } from '../engine/engine.ts';
import type { RowCache } from './rows/row-cache.ts';

/** How the engine is trained, and from which state. */
export interface FitOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** Epochs without a better validation loss before training ends; `null` to run them all. */
  readonly patience: number | null;
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

/** Mean losses, over rows, of an epoch: the total, and each of the network's by name. */
export interface EpochRecord {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainLosses: Readonly<Record<string, number>>;
  readonly validationLoss: number | null;
  readonly validationLosses: Readonly<Record<string, number>> | null;
  readonly seconds: number;
}

/** The weights of the best epoch, and the losses of every epoch. */
export interface Fitted {
  readonly weights: Weights;
  readonly epochs: readonly EpochRecord[];
  /** The epoch, from 1, whose weights these are. */
  readonly bestEpoch: number;
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

/** The epoch of least validation loss so far; 0 before the first. */
export interface BestEpoch {
  readonly epoch: number;
  readonly loss: number;
  readonly weights: Weights;
}

/** Saves states, so that training can continue in another process. */
export interface StateKeeper {
  /** Whether the last saved state is so old that another should be saved. */
  isDue(): boolean;
  save(engine: TrainingEngine, state: FitState): Promise<void>;
}

/**
 * Trains the engine and returns the weights of the epoch of least validation loss (of the last one without validation
 * rows). If it continues from a state, with the engine restored to it, the result is the same.
 */
export async function fit(
  engine: TrainingEngine,
  train: RowCache,
  validation: RowCache,
  options: FitOptions,
): Promise<Fitted> {
  const start = { epoch: 0, loss: Number.POSITIVE_INFINITY, weights: engine.weights() };
  let state = options.from ?? { epoch: 1, ...UNBEGUN, epochs: [], best: start };
  while (state.epoch <= options.epochs && !isStalled(state, options)) {
    state = await trainEpoch(engine, train, state, options);
    state = await closeEpoch(engine, validation, state, options);
  }
  // Calibration and export may take long. If they are interrupted, training need not be repeated.
  await options.keeper?.save(engine, state);
  return { weights: state.best.weights, epochs: state.epochs, bestEpoch: state.best.epoch };
}

const UNBEGUN = { batches: 0, rows: 0, sums: {}, seconds: 0 } as const;

function isStalled({ epoch, best, epochs }: FitState, { patience }: FitOptions): boolean {
  return patience !== null && epochs.length > 0 && epoch - 1 - best.epoch >= patience;
}

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
    const loss = total(engine, losses);
    if (!Number.isFinite(loss)) throw new DivergedLossError(epoch, engine.steps, loss);
    addWeighted(sums, losses, batch.rows);
    rows += batch.rows;
    batches += 1;
    options.onProgress?.({
      epoch,
      epochs: options.epochs,
      rows,
      totalRows: train.rows,
      loss: total(engine, sums) / rows,
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
  const validationLosses =
    validation.rows === 0
      ? null
      : await meanLosses(engine, validation, options, () => pause(engine, () => state, options));
  const validationLoss = validationLosses && total(engine, validationLosses);
  const record = {
    epoch,
    trainLoss: total(engine, trainLosses),
    trainLosses,
    validationLoss,
    validationLosses,
    seconds: state.seconds + (performance.now() - started) / 1000,
  };
  options.onEpoch?.(record, state.rows);
  const isBest = validationLoss === null || validationLoss < best.loss;
  const loss = validationLoss ?? Number.POSITIVE_INFINITY;
  return {
    epoch: epoch + 1,
    ...UNBEGUN,
    epochs: [...state.epochs, record],
    best: isBest ? { epoch, loss, weights: engine.weights() } : best,
  };
}

/** Lets Node.js deliver signals, saves a checkpoint if one is due, and throws if training has been aborted. */
async function pause(engine: TrainingEngine, state: () => FitState, { keeper, signal }: FitOptions): Promise<void> {
  // An engine of one thread blocks the event loop: without this pause, no signal would ever be delivered.
  await setImmediate();
  if (keeper !== undefined && (signal?.aborted || keeper.isDue())) await keeper.save(engine, state());
  signal?.throwIfAborted();
}

async function meanLosses(
  engine: TrainingEngine,
  cache: RowCache,
  { batchSize }: FitOptions,
  afterBatch: () => Promise<void>,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  await forEachAhead(cache.batches(batchSize), async (batch) => {
    addWeighted(sums, await engine.loss(batch), batch.rows);
    await afterBatch();
  });
  return dividedBy(sums, cache.rows);
}

/** Uses each value in turn, and has the next one made meanwhile: the engine's threads leave this one free. */
async function forEachAhead<T>(values: AsyncGenerator<T>, use: (value: T) => Promise<void>): Promise<void> {
  try {
    for (let next = await values.next(); !next.done; ) {
      const used = use(next.value);
      [next] = await Promise.all([values.next(), used]);
    }
  } finally {
    await values.return(undefined);
  }
}

function total(engine: TrainingEngine, losses: Readonly<Record<string, number>>): number {
  return engine.losses.reduce((sum, { name, weight }) => sum + weight * (losses[name] ?? Number.NaN), 0);
}

function addWeighted(sums: Record<string, number>, losses: Readonly<Record<string, number>>, rows: number): void {
  for (const [name, loss] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + loss * rows;
}

function dividedBy(sums: Readonly<Record<string, number>>, rows: number): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / rows]));
}
