/**
 * From a log to a model: fit the encoder, encode the rows, fit, calibrate, export ONNX, evaluate on the held-out rows.
 * The result is a local folder with every file of a model version, ready to be published.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireEngine } from '../engine/create-engine.ts';
import { clippedShares } from '../evaluation/clipped.ts';
import type { FunnelMetrics } from '../evaluation/funnel.ts';
import { metricsJson } from '../evaluation/metrics-json.ts';
import { stageGraph } from '../model/stage-graph.ts';
import { writeModelFile } from '../own-model/model-file.ts';
import { writeDeclaration } from '../predictor/declaration-files.ts';
import { type PartCounts, VALUE_COUNTS_FILE } from '../table/encode/value-counts.ts';
import { DISTRIBUTIONS_FILE } from '../table/fit/distributions.ts';
import { writeEncoder } from '../table/fit/encoder-files.ts';
import { fitEncoder } from '../table/fit/fit-encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import { unknownNotes } from '../table/fit/unknown-notes.ts';
import { type OpenedLog, type OpenLogOptions, withLog } from '../table/open-log.ts';
import { type Calibration, writeCalibration } from './calibrate.ts';
import type { Resumption } from './checkpoint-record.ts';
import { historyJson } from './epochs/history-text.ts';
import { fitModel } from './fit-model.ts';
import { funnelTasks } from './held-out/funnel-tasks.ts';
import { type HeldOut, scoreHeldOut } from './held-out/held-out.ts';
import { type MatureRows, matureIndices, measureHeldOut } from './held-out/mature-rows.ts';
import { stageRates, taskRates } from './held-out/stage-rates.ts';
import type { NetworkEpochs } from './networks/fitted-network.ts';
import { cacheRows } from './rows/cache-rows.ts';
import type { ElsewhereFacts, TrainingOptions } from './training-options.ts';

/** Which log is opened, and how a model is trained on it. */
export interface TrainOptions extends TrainingOptions, Omit<OpenLogOptions, 'onProgress'> {
  /** An empty folder for encoded rows, the model's files and DuckDB's overflow; the caller removes it. */
  readonly scratch: string;
  readonly threads: number;
  readonly signal?: AbortSignal;
}

/** A trained model, not published yet. */
export interface TrainedModel {
  /** Local folder with the files of the model version. */
  readonly folder: string;
  readonly summary: LogSummary;
  /** How much of each part's values is missing, and how much the model does not know; also a file of the version. */
  readonly counts: PartCounts;
  /** The losses by epoch of its networks: of one, or of each that was trained apart, in that order. */
  readonly networks: readonly NetworkEpochs[];
  /** Number of rows that no training touched, and that got the mean of the others, by embedding table. */
  readonly filledRows: Readonly<Record<string, number>>;
  readonly metrics: FunnelMetrics;
  /** What was calibrated, and why; `null` where no calibration is declared. */
  readonly calibration: Calibration | null;
  /** Metrics of the model before its calibration; `null` where nothing was calibrated. */
  readonly uncalibrated: FunnelMetrics | null;
  /** Whether the probabilities are meant to be right: of some types only their order is, unless they are calibrated. */
  readonly isCalibrated: boolean;
  /**
   * Share of the held-out rows in which a probability is a quotient that was clipped to 1, by output; `null` for a model
   * whose probabilities are no quotients.
   */
  readonly clippedShares: Readonly<Record<string, number>> | null;
  readonly seconds: number;
  /** The steps at which an interrupted training was continued. */
  readonly resumed: readonly Resumption[];
  /** The version whose weights training began with; `null` for none. */
  readonly warmStart: string | null;
  /** Where the networks were trained; `null` for here. */
  readonly elsewhere: ElsewhereFacts | null;
}

/** A model and the held-out rows that it was measured on. */
export interface TrainingRun {
  readonly trained: TrainedModel;
  readonly heldOut: HeldOut;
  readonly mature: MatureRows;
}

/** Opens a log and trains on it. */
export async function train(options: TrainOptions): Promise<TrainedModel> {
  requireEngine(options.declaration.training.engine, options);
  return withLog(options, async (opened) => (await trainOn(opened, options)).trained);
}

/** Trains by the declaration of a log that is open. */
export async function trainOn(opened: OpenedLog, options: TrainingOptions): Promise<TrainingRun> {
  const { database, log, began } = opened;
  const { scratch, signal } = options;
  const folder = join(scratch, 'model');
  await mkdir(folder, { recursive: true });
  const { encoder, summary: read, distributions } = await fitEncoder(database, log, options.onProgress);
  signal?.throwIfAborted();
  const rows = await cacheRows(opened, { ...options, encoder, summary: read });
  const summary = { ...read, notes: [...read.notes, ...unknownNotes(rows.counts, encoder)] };
  options.onSummary?.(summary, rows.counts);
  const { networks, filledRows, calibration, isCalibrated, isClipped } = await fitModel(
    { opened, options, encoder, summary, folder },
    rows,
  );
  await writeEncoder(database, encoder, folder);
  await writeDeclaration(folder, options.declarationText);
  if (options.modelFile) await writeModelFile(options.modelFile, folder);
  await writeFile(join(folder, DISTRIBUTIONS_FILE), `${JSON.stringify(distributions)}\n`);
  await writeFile(join(folder, VALUE_COUNTS_FILE), `${JSON.stringify(rows.counts)}\n`);

  const uncalibratedFolder = calibration?.uncalibratedFolder ?? null;
  const heldOut = await scoreHeldOut(opened, rows.test, { ...options, folder, uncalibratedFolder });
  const tasks = funnelTasks(log.declaration);
  const measured = { tasks, trainingRates: taskRates(tasks, stageRates(summary)) };
  const indices = matureIndices(heldOut.labels);
  const metrics = measureHeldOut(heldOut, indices, measured);
  const { uncalibrated: probabilities } = heldOut;
  const uncalibrated = probabilities && measureHeldOut({ ...heldOut, probabilities }, indices, measured);
  const before = uncalibrated?.all ?? null;
  const clipped = isClipped
    ? clippedShares(stageGraph(log.declaration), probabilities ?? heldOut.probabilities, heldOut.weight)
    : null;
  if (calibration !== null)
    await writeCalibration(folder, calibration, { before: before ?? metrics.all, after: metrics.all });
  const training = networks.map(({ name, ...history }) => ({ network: name, ...historyJson(history) }));
  const document = { ...metricsJson(metrics.all, before, clipped), training };
  await writeFile(join(folder, 'metrics.json'), `${JSON.stringify(document, null, 2)}\n`);
  const trained: TrainedModel = {
    folder,
    summary,
    counts: rows.counts,
    networks,
    filledRows,
    metrics: metrics.all,
    calibration,
    uncalibrated: before,
    isCalibrated,
    clippedShares: clipped,
    seconds: (performance.now() - began) / 1000,
    resumed: options.checkpoints?.resumed ?? [],
    warmStart: options.champion?.version ?? null,
    elsewhere: options.elsewhere?.facts ?? null,
  };
  const mature = { indices, metrics: metrics.mature, uncalibrated: uncalibrated?.mature ?? null };
  return { trained, heldOut, mature };
}
