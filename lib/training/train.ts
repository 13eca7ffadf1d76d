/**
 * From a log to a model: check and encode the rows, fit, export ONNX, evaluate on the held-out rows. The result is a
 * local folder with every file of a model version, ready to be published.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration, TrainingChoice } from '../config/declaration.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { Weights } from '../engine/engine.ts';
import { traceScores } from '../engine/ort/scoring-graph.ts';
import { openScoringModel } from '../engine/ort/scoring-model.ts';
import type { FunnelMetrics } from '../evaluation/funnel.ts';
import { metricsJson } from '../evaluation/metrics-json.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import { declaredModel, type Model } from '../model/model.ts';
import { type CheckedLog, checkLog } from '../table/check/log.ts';
import { type Database, openDatabase } from '../table/database.ts';
import { encodeLog } from '../table/encode/encode.ts';
import type { Encoder } from '../table/encode/encoder.ts';
import { PARTS, type Part } from '../table/encoded.ts';
import { DISTRIBUTIONS_FILE } from '../table/fit/distributions.ts';
import { writeEncoder } from '../table/fit/encoder-files.ts';
import { fitEncoder } from '../table/fit/fit-encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import { openSource } from '../table/source/source.ts';
import { type Calibration, calibrate, writeCalibration } from './calibrate.ts';
import type { Resumption } from './checkpoint-record.ts';
import type { Checkpoints } from './checkpoints.ts';
import { evaluateModel, funnelTasks, taskRates } from './evaluate-model.ts';
import { fillUntrainedRows } from './fill-untrained.ts';
import { type EpochRecord, type Fitted, fit } from './fit.ts';
import { initialWeights, type StageRates } from './initial-weights.ts';
import type { OnProgress } from './progress.ts';
import { type RowCache, RowCacheWriter } from './row-cache.ts';
import { type ChampionFiles, type WarmStartReport, type WarmWeights, warmStart } from './warm-start.ts';

export interface TrainOptions {
  readonly declaration: Declaration;
  /** The file as it was written: it travels in the model version. */
  readonly declarationText: string;
  /** A file, folder or glob of Parquet or CSV. */
  readonly dataPath: string;
  /** Folder that a relative path of the log starts from. @default the process's */
  readonly cwd?: string;
  /** An empty folder for encoded rows and the model's files; the caller removes it. */
  readonly scratch: string;
  readonly threads: number;
  readonly memoryLimitMiB: number;
  /** Where the bad rows of the log go, if there are any. */
  readonly rejectsPath?: string;
  /** The present, in epoch milliseconds: no row may lie in the future. @default the clock's */
  readonly now?: number;
  /** Called once the log is checked, before training begins. */
  readonly onSummary?: (summary: LogSummary) => void;
  readonly onProgress?: OnProgress;
  /** Called at the end of each epoch, with the rows that it trained on. */
  readonly onEpoch?: (epoch: EpochRecord, rows: number) => void;
  readonly signal?: AbortSignal;
  /** Keeps the training's state, and has what is left of an interrupted one. */
  readonly checkpoints?: Checkpoints;
  /** The version whose weights training begins with. */
  readonly champion?: ChampionFiles;
  /** Called once it is known what of the champion's weights training begins with. */
  readonly onWarmStart?: (report: WarmStartReport) => void;
}

export interface TrainedModel {
  /** Local folder with the files of the model version. */
  readonly folder: string;
  readonly summary: LogSummary;
  readonly epochs: readonly EpochRecord[];
  readonly bestEpoch: number;
  /** By embedding table: rows that no training row touched, and that got the mean of the others. */
  readonly filledRows: Readonly<Record<string, number>>;
  readonly metrics: FunnelMetrics;
  /** Local folder with the `model.onnx` before its calibration; `null` where none is declared. */
  readonly uncalibratedFolder: string | null;
  readonly seconds: number;
  /** Where an interrupted training went on. */
  readonly resumed: readonly Resumption[];
  /** The version whose weights training began with; `null` for none. */
  readonly warmStart: string | null;
}

export async function train(options: TrainOptions): Promise<TrainedModel> {
  const started = performance.now();
  const { scratch, threads, memoryLimitMiB, signal } = options;
  const folder = join(scratch, 'model');
  await mkdir(folder, { recursive: true });
  const database = await openDatabase({ threads, memoryLimitMiB, scratch });
  try {
    const source = await openSource(database, options.dataPath, options.cwd);
    const { rejectsPath, now } = options;
    const log = await checkLog(database, source, options.declaration, {
      ...(rejectsPath !== undefined && { rejectsPath }),
      ...(now !== undefined && { now }),
    });
    signal?.throwIfAborted();
    const { encoder, summary, distributions } = await fitEncoder(database, log);
    signal?.throwIfAborted();
    options.onSummary?.(summary);
    const prepared: Prepared = { options, folder, database, log, encoder, summary };
    const { fitted, filledRows, calibration } = await fitModel(prepared);
    await writeEncoder(database, encoder, folder);
    await writeFile(join(folder, 'declaration.yaml'), options.declarationText);
    await writeFile(join(folder, DISTRIBUTIONS_FILE), `${JSON.stringify(distributions)}\n`);
    const metrics = await evaluateTestPart(prepared, folder);
    if (calibration !== null) {
      const before = await evaluateTestPart(prepared, calibration.uncalibratedFolder);
      await writeCalibration(folder, calibration, { before, after: metrics });
    }
    await writeFile(join(folder, 'metrics.json'), `${JSON.stringify(metricsJson(metrics), null, 2)}\n`);
    return {
      folder,
      summary,
      epochs: fitted.epochs,
      bestEpoch: fitted.bestEpoch,
      filledRows,
      metrics,
      uncalibratedFolder: calibration?.uncalibratedFolder ?? null,
      seconds: (performance.now() - started) / 1000,
      resumed: options.checkpoints?.resumed ?? [],
      warmStart: options.champion?.version ?? null,
    };
  } finally {
    await database.close();
  }
}

/** Share of the weighted training rows of known label that reached each labelled stage. */
export function stageRates({ parts }: Pick<LogSummary, 'parts'>): StageRates {
  return Object.fromEntries(
    Object.entries(parts.train.labels).map(([stage, { weightedPositives, weightedRows }]) => [
      stage,
      weightedPositives / weightedRows,
    ]),
  );
}

interface Prepared {
  readonly options: TrainOptions;
  readonly folder: string;
  readonly database: Database;
  readonly log: CheckedLog;
  readonly encoder: Encoder;
  readonly summary: LogSummary;
}

interface FittedModel {
  readonly fitted: Fitted;
  readonly filledRows: Readonly<Record<string, number>>;
  /** `null` where none is declared. */
  readonly calibration: Calibration | null;
}

async function fitModel(prepared: Prepared): Promise<FittedModel> {
  const { options, folder, encoder, summary } = prepared;
  const { training } = options.declaration;
  const model = declaredModel(options.declaration, encoder.inputs, encoder.tables);
  const caches = await cacheRows(prepared);
  const engine = await createEngine(model, {
    batchSize: training.batchSize,
    threads: options.threads,
    optimizer: { type: training.optimizer, learningRate: training.learningRate, momentum: training.momentum },
    schedule: {
      warmupSteps: training.warmupSteps,
      decay: training.learningRateDecay,
      totalSteps: totalSteps(caches.train, training),
    },
    l2Embeddings: training.l2Embeddings,
    dropout: training.dropout,
    seed: training.seed,
  });
  try {
    const fresh = initialWeights(model, stageRates(summary), training.seed);
    const start = await startingWeights(prepared, model, fresh);
    engine.load(start.weights);
    const { checkpoints, onEpoch } = options;
    const from = checkpoints && (await checkpoints.restore(engine));
    const fitted = await fit(engine, caches.train, caches.validation, {
      ...training,
      ...(checkpoints && { keeper: checkpoints }),
      ...(from && { from }),
      ...(onEpoch && { onEpoch }),
      onProgress: ({ rows, totalRows, ...epoch }) =>
        options.onProgress?.({ phase: 'train', done: rows, total: totalRows, ...epoch }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const { tables, filledRows } = fillUntrainedRows(
      model.embeddings.tables,
      fitted.weights.tables,
      learnedRows(engine.touched, start.keptRows),
    );
    const weights: Weights = { parameters: fitted.weights.parameters, tables };
    const calibration = await calibrateModel(prepared, model, weights);
    const graph = traceScores(model, encoder.inputs, weights, calibration?.calibrators);
    await writeOnnx(graph, join(folder, 'model.onnx'));
    return { fitted, filledRows, calibration };
  } finally {
    await engine.release();
    await caches.train.close();
    await caches.validation.close();
  }
}

/** Steps of a training that runs all its epochs. */
function totalSteps(cache: RowCache, { epochs, batchSize, seed }: TrainingChoice): number {
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) steps += cache.batchCount(batchSize, { seed, epoch });
  return steps;
}

/** The champion's weights as far as they fit, fresh ones where it has none. */
async function startingWeights(
  { options, encoder, database }: Prepared,
  model: Model,
  fresh: Weights,
): Promise<WarmWeights> {
  const { champion, onWarmStart } = options;
  if (champion === undefined) return { weights: fresh, keptRows: {} };
  const { report, ...start } = await warmStart(database, champion, { model, encoder, fresh });
  onWarmStart?.(report);
  return start;
}

/** Rows that this training touched, or the champion's. */
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

async function cacheRows({
  options,
  database,
  log,
  encoder,
  summary,
}: Prepared): Promise<{ train: RowCache; validation: RowCache }> {
  const { scratch, onProgress, signal } = options;
  const stages = Object.keys(summary.parts.train.labels);
  const parts: Part[] = ['train', 'validation'];
  const writers = await Promise.all(
    parts.map((part) => RowCacheWriter.create(join(scratch, `${part}.rows`), encoder.inputs, stages)),
  );
  const total = parts.reduce((sum, part) => sum + summary.parts[part].rows, 0);
  let done = 0;
  try {
    for await (const chunk of encodeLog(database, log, encoder, { parts })) {
      for (const [i, writer] of writers.entries()) await writer.append(chunk, PARTS.indexOf(parts[i] as Part));
      done += chunk.rows;
      onProgress?.({ phase: 'encode', done, total });
      signal?.throwIfAborted();
    }
    const [train, validation] = await Promise.all(writers.map((writer) => writer.finish()));
    return { train: train as RowCache, validation: validation as RowCache };
  } catch (error) {
    for (const writer of writers) await writer.abandon();
    throw error;
  }
}

async function calibrateModel(prepared: Prepared, model: Model, weights: Weights): Promise<Calibration | null> {
  const { database, log, encoder, summary } = prepared;
  const { declaration, onProgress, signal, scratch, threads } = prepared.options;
  const kind = declaration.training.calibration;
  if (kind === 'none') return null;
  return calibrate({
    database,
    log,
    encoder,
    model,
    weights,
    kind,
    threads,
    scratch,
    rows: summary.parts.validation.rows,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}

async function evaluateTestPart(
  { options, database, log, encoder, summary }: Prepared,
  folder: string,
): Promise<FunnelMetrics> {
  const model = await openScoringModel(folder, { threads: options.threads });
  try {
    const trainingRates = taskRates(funnelTasks(log.declaration), stageRates(summary));
    const { onProgress, signal } = options;
    return await evaluateModel({
      database,
      log,
      encoder,
      model,
      parts: ['test'],
      rows: summary.parts.test.rows,
      trainingRates,
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    });
  } finally {
    await model.release();
  }
}
