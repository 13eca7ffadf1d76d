/**
 * Trains the declared model on the cached rows, calibrates it, and writes it as the ONNX file that scores candidates.
 */
import { join } from 'node:path';
import type { Declaration, Entity, TrainingChoice } from '../config/declaration.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { TrainingEngine, Weights } from '../engine/engine.ts';
import { traceScores } from '../engine/ort/scoring-graph.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import { declaredModel, type Model } from '../model/model.ts';
import { readOutcomes } from '../table/check/outcomes.ts';
import type { Encoder } from '../table/encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { type Calibration, calibrate } from './calibrate.ts';
import { type Fitted, fit } from './fit.ts';
import { stageRates } from './held-out/funnel-tasks.ts';
import { assertTrainable } from './required-memory.ts';
import type { CachedRows } from './rows/cache-rows.ts';
import type { RowCache } from './rows/row-cache.ts';
import type { TrainingOptions } from './training-options.ts';
import { fillUntrainedRows } from './weights/fill-untrained.ts';
import { initialWeights } from './weights/initial-weights.ts';
import { type WarmWeights, warmStart } from './weights/warm-start.ts';

/** The log and encoder that a model is trained with, and the folder for its file. */
export interface ModelToFit {
  readonly opened: OpenedLog;
  readonly options: TrainingOptions;
  readonly encoder: Encoder;
  readonly summary: LogSummary;
  /** Existing folder that `model.onnx` is written to. */
  readonly folder: string;
}

/** What became of the training of a model, besides its file. */
export interface FittedModel extends Pick<Fitted, 'epochs' | 'bestEpoch'> {
  /** Number of rows that got the mean of the others, because no training touched them, by embedding table. */
  readonly filledRows: Readonly<Record<string, number>>;
  /** `null` if the declaration has no calibration. */
  readonly calibration: Calibration | null;
}

interface FittedWeights {
  readonly fitted: Fitted;
  /** 1 for each row that was trained or that holds the champion's values, by embedding table. */
  readonly learned: Readonly<Record<string, Uint8Array>>;
}

/**
 * Trains the declared model, from the champion's weights where there are any and from the last checkpoint where there
 * is one. Gives embedding rows that were never trained the mean of the others, calibrates, and writes `model.onnx`.
 * @throws {NotEnoughMemoryError} before the first step, where the training needs more memory than there is.
 */
export async function fitModel(fitting: ModelToFit, rows: CachedRows): Promise<FittedModel> {
  const { opened, encoder, folder } = fitting;
  const model = declaredModel(opened.log.declaration, encoder.inputs, encoder.tables);
  const { declaration } = opened.log;
  const { threads } = fitting.options;
  assertTrainable(
    model,
    { ...declaration.training, threads, sharedEntity: sharedEntity(declaration, model) },
    rows.train,
  );
  const { fitted, learned } = await fitWeights(fitting, rows, model);
  const { weights, epochs, bestEpoch } = fitted;
  const filledRows = fillUntrainedRows(model.embeddings.tables, weights.tables, learned);
  const calibration = await calibrateModel(fitting, rows, model, weights);
  await writeOnnx(traceScores(model, encoder.inputs, weights, calibration?.calibrators), join(folder, 'model.onnx'));
  return { epochs, bestEpoch, filledRows, calibration };
}

/** Trains the weights. The engine, whose memory is several times theirs, is gone when this returns. */
async function fitWeights(fitting: ModelToFit, rows: CachedRows, model: Model): Promise<FittedWeights> {
  const { options, opened } = fitting;
  const { training } = opened.log.declaration;
  const engine = await createEngine(model, {
    batchSize: training.batchSize,
    threads: options.threads,
    optimizer: { type: training.optimizer, learningRate: training.learningRate, momentum: training.momentum },
    schedule: {
      warmupSteps: training.warmupSteps,
      decay: training.learningRateDecay,
      totalSteps: totalSteps(rows.train, training),
    },
    l2Embeddings: training.l2Embeddings,
    dropout: training.dropout,
    sharedEntity: sharedEntity(opened.log.declaration, model),
    seed: training.seed,
  });
  try {
    const keptRows = await loadStart(fitting, engine);
    const { checkpoints, onEpoch } = options;
    const from = checkpoints && (await checkpoints.restore(engine));
    const fitted = await fit(engine, rows.train, rows.validation, {
      ...training,
      ...(checkpoints && { keeper: checkpoints }),
      ...(from && { from }),
      ...(onEpoch && { onEpoch }),
      onProgress: ({ rows: done, totalRows, ...epoch }) =>
        options.onProgress?.({ phase: 'train', done, total: totalRows, ...epoch }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return { fitted, learned: learnedRows(engine.touched, keptRows) };
  } finally {
    await engine.release();
  }
}

/** The entity whose rows batches share: the user, if the log's groups are shuffled and the model has inputs of the user. */
function sharedEntity({ log, training }: Declaration, { layout }: Model): Entity | undefined {
  const isShared = log.group !== null && training.shuffle === 'groups';
  return isShared && layout.parts.some(({ entity }) => entity === 'user') ? 'user' : undefined;
}

/** Number of steps of a training that is not stopped early, on which the learning rate's decay depends. */
function totalSteps(cache: RowCache, { epochs, batchSize, seed, shuffle }: TrainingChoice): number {
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) steps += cache.batchCount(batchSize, { seed, epoch, shuffle });
  return steps;
}

/**
 * Loads the champion's weights as far as they fit the model, and initial weights for the rest or without a champion.
 * Returns the rows that hold the champion's values.
 */
async function loadStart(
  { options, encoder, summary, opened: { database, log } }: ModelToFit,
  engine: TrainingEngine,
): Promise<WarmWeights['keptRows']> {
  const { model } = engine;
  const fresh = initialWeights(model, stageRates(summary), log.declaration.training.seed);
  const { champion, onWarmStart } = options;
  if (champion === undefined) {
    engine.load(fresh);
    return {};
  }
  const { report, weights, keptRows } = await warmStart(database, champion, { model, encoder, fresh });
  engine.load(weights);
  onWarmStart?.(report);
  return keptRows;
}

/** Returns 1 for each row that this training touched or that holds the champion's values, by embedding table. */
function learnedRows(
  touched: Readonly<Record<string, Uint8Array>>,
  kept: Readonly<Record<string, Uint8Array>>,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(touched).map(([table, flags]) => [
      table,
      flags.map((flag, row) => flag | (kept[table]?.[row] ?? 0)),
    ]),
  );
}

/** Fits the declared calibration to the validation rows. */
async function calibrateModel(
  { opened: { database, log }, options, encoder }: ModelToFit,
  rows: CachedRows,
  model: Model,
  weights: Weights,
): Promise<Calibration | null> {
  const { scratch, threads, onProgress, signal } = options;
  const kind = log.declaration.training.calibration;
  if (kind === 'none') return null;
  return calibrate({
    model,
    inputs: encoder.inputs,
    weights,
    kind,
    rows: rows.calibration,
    outcomes: await readOutcomes(database, log, ['validation']),
    threads,
    scratch,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}
