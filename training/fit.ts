/** Epochs over the training rows, with early stopping on the validation loss. */
import { setImmediate } from 'node:timers/promises';
import type { Engine, Weights } from '../lib/engine/engine.ts';
import type { RowCache } from './row-cache.ts';

export interface FitOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** Epochs without a better validation loss before training ends; `null` to run them all. */
  readonly patience: number | null;
  readonly seed: number;
  readonly onProgress?: (progress: FitProgress) => void;
  /** Stops after the step under way. */
  readonly signal?: AbortSignal;
}

export interface FitProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly rows: number;
  readonly totalRows: number;
  /** Mean training loss of the epoch so far. */
  readonly loss: number;
}

/** Mean losses, over rows, of an epoch: the total and by labelled stage. */
export interface EpochRecord {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainLosses: Readonly<Record<string, number>>;
  readonly validationLoss: number | null;
  readonly validationLosses: Readonly<Record<string, number>> | null;
  readonly seconds: number;
}

export interface Fitted {
  readonly weights: Weights;
  readonly epochs: readonly EpochRecord[];
  /** The epoch, from 1, whose weights these are. */
  readonly bestEpoch: number;
}

/** Thrown where the loss is no finite number any more. */
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

/** Trains the engine and returns the weights of the epoch of least validation loss (of the last one without validation rows). */
export async function fit(engine: Engine, train: RowCache, validation: RowCache, options: FitOptions): Promise<Fitted> {
  const records: EpochRecord[] = [];
  let best = { weights: engine.weights(), epoch: 0, loss: Number.POSITIVE_INFINITY };
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    const started = performance.now();
    const trainLosses = await trainEpoch(engine, train, epoch, options);
    const validationLosses = validation.rows === 0 ? null : await meanLosses(engine, validation, options);
    const trainLoss = total(engine, trainLosses);
    const validationLoss = validationLosses && total(engine, validationLosses);
    records.push({
      epoch,
      trainLoss,
      trainLosses,
      validationLoss,
      validationLosses,
      seconds: (performance.now() - started) / 1000,
    });
    if (validationLoss === null || validationLoss < best.loss) {
      best = { weights: engine.weights(), epoch, loss: validationLoss ?? Number.POSITIVE_INFINITY };
    } else if (options.patience !== null && epoch - best.epoch >= options.patience) break;
  }
  return { weights: best.weights, epochs: records, bestEpoch: best.epoch };
}

async function trainEpoch(
  engine: Engine,
  train: RowCache,
  epoch: number,
  options: FitOptions,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  let rows = 0;
  for await (const batch of train.batches(options.batchSize, { seed: options.seed, epoch })) {
    const losses = await engine.train(batch);
    const loss = total(engine, losses);
    if (!Number.isFinite(loss)) throw new DivergedLossError(epoch, engine.steps, loss);
    addWeighted(sums, losses, batch.rows);
    rows += batch.rows;
    options.onProgress?.({
      epoch,
      epochs: options.epochs,
      rows,
      totalRows: train.rows,
      loss: total(engine, sums) / rows,
    });
    // onnxruntime holds the event loop: without this no signal is ever heard.
    await setImmediate();
    options.signal?.throwIfAborted();
  }
  return dividedBy(sums, rows);
}

async function meanLosses(engine: Engine, cache: RowCache, options: FitOptions): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for await (const batch of cache.batches(options.batchSize)) {
    addWeighted(sums, await engine.loss(batch), batch.rows);
    await setImmediate();
    options.signal?.throwIfAborted();
  }
  return dividedBy(sums, cache.rows);
}

function total(engine: Engine, losses: Readonly<Record<string, number>>): number {
  return engine.model.graph.labelled.reduce((sum, { name, weight }) => sum + weight * (losses[name] ?? Number.NaN), 0);
}

function addWeighted(sums: Record<string, number>, losses: Readonly<Record<string, number>>, rows: number): void {
  for (const [name, loss] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + loss * rows;
}

function dividedBy(sums: Readonly<Record<string, number>>, rows: number): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / rows]));
}
