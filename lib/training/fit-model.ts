/**
 * Trains the declared model on the cached rows, calibrates it, and writes it as the ONNX file that scores candidates.
 */
import { join } from 'node:path';
import type { Weights } from '../engine/engine.ts';
import { traceScores } from '../engine/ort/scoring-graph.ts';
import { scoringBytes } from '../engine/ort/scoring-model.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import { declaredModel, type Model, propensityStages, type TrainedModelPart, trainedParts } from '../model/model.ts';
import { readOutcomes } from '../table/check/outcomes.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { appliedCalibration, type Calibration, calibrate } from './calibrate.ts';
import { stageRates } from './held-out/stage-rates.ts';
import { largeVersionNote } from './large-version.ts';
import { type Fitting, sharedEntity } from './networks/fit-network.ts';
import { fitParts } from './networks/fit-parts.ts';
import { type FittedNetwork, joinWeights, type NetworkEpochs } from './networks/fitted-network.ts';
import type { RowsToFit } from './networks/own-rows.ts';
import { foldNetworks } from './networks/propensities.ts';
import { assertTrainable, memoryOfWeights, type RequiredMemory, requiredMemory } from './required-memory.ts';
import { batchSizeFor } from './rows/batch-size.ts';
import type { CachedRows } from './rows/cache-rows.ts';
import type { RowCache } from './rows/row-cache.ts';

/** What a model is trained with, and the folder for its file. */
export interface ModelToFit extends Fitting {
  readonly opened: OpenedLog;
  readonly summary: LogSummary;
  /** Existing folder that `model.onnx` is written to. */
  readonly folder: string;
}

/** What became of the training of a model, besides its file. */
export interface FittedModel {
  /** Its networks, in the order in which they were trained. */
  readonly networks: readonly NetworkEpochs[];
  /** Number of rows that got the mean of the others, because no training touched them, by embedding table. */
  readonly filledRows: Readonly<Record<string, number>>;
  /** `null` if the declaration has no calibration. */
  readonly calibration: Calibration | null;
  /** Whether the probabilities of stages are independent of each other, so that quotients of them may be clipped. */
  readonly isClipped: boolean;
  /** Whether the probabilities are meant to be right: of some types only their order is, unless they are calibrated. */
  readonly isCalibrated: boolean;
}

/**
 * Trains the networks of the declared model, from the champion's weights where there are any and from the last
 * checkpoint where there is one. Calibrates, and writes `model.onnx`.
 * @throws {NotEnoughMemoryError} before the first step, where the training needs more memory than there is.
 */
export async function fitModel(fitting: ModelToFit, rows: CachedRows): Promise<FittedModel> {
  const { encoder, folder } = fitting;
  const { model, fitted } = await fittedNetworks(fitting, rows);
  const weights = joinWeights(fitted);
  const calibration = await calibrateModel(fitting, rows, model, weights);
  const scores = traceScores(model, encoder.inputs, weights, appliedCalibration(calibration));
  await writeOnnx(scores, join(folder, 'model.onnx'));
  return {
    networks: fitted.map(({ weights: _, filledRows: __, ...epochs }) => epochs),
    filledRows: Object.assign({}, ...fitted.map(({ filledRows }) => filledRows)),
    calibration,
    isClipped: model.network.reach !== undefined,
    isCalibrated: model.network.isCalibrated !== false || isRepaired(calibration),
  };
}

/**
 * Trains the networks of the declared model, or has those that were trained elsewhere.
 * @throws {NotEnoughMemoryError} before the first step, where all that follows needs more memory than there is.
 */
async function fittedNetworks(fitting: ModelToFit, rows: CachedRows): ReturnType<typeof fitNetworks> {
  const { elsewhere, onNote, threads, usedBytes } = fitting.options;
  const { model, parts, folds } = networksOf(fitting);
  const note = largeVersionNote(model);
  if (note !== null) onNote?.(`note: ${note}`);
  const scored = Math.max(rows.calibration.rows, rows.test.rows);
  const scoring = scoringBytes(model, { rows: scored, threads });
  if (elsewhere === undefined) {
    assertNetworksTrainable(fitting, [...folds, ...parts], rows.train, scoring);
    return fitNetworks(fitting, { ...rows, rates: stageRates(fitting.summary) });
  }
  assertTrainable(memoryOfWeights(model, scoring), undefined, usedBytes);
  const fitted: FittedNetwork[] = [];
  for (const part of parts) fitted.push(await elsewhere.network(part, fitting));
  return { model, fitted };
}

/**
 * Trains the networks of the declared model.
 * @throws {NotEnoughMemoryError} before the first step, where the training needs more memory than there is.
 */
export async function fitNetworks(
  fitting: Fitting,
  rows: RowsToFit,
): Promise<{ readonly model: Model; readonly fitted: readonly FittedNetwork[] }> {
  const { model, parts, folds } = networksOf(fitting);
  assertNetworksTrainable(fitting, [...folds, ...parts], rows.train);
  return { model, fitted: await fitParts(fitting, parts, rows) };
}

/**
 * Checks that there is the memory to train networks one after the other.
 * @param scoring bytes that scoring held-out rows with them takes. @default 0, for none are scored
 * @throws {NotEnoughMemoryError} where one needs more.
 */
export function assertNetworksTrainable(
  fitting: Fitting,
  parts: readonly TrainedModelPart[],
  train: RowCache,
  scoring = 0,
): void {
  for (const required of memoryOf(fitting, parts, train, scoring))
    assertTrainable(required, undefined, fitting.options.usedBytes);
}

/** Returns the bytes of memory that training the networks of the declared model takes at most. */
export function modelBytes(fitting: Fitting, train: RowCache): number {
  const { parts, folds } = networksOf(fitting);
  return networksBytes(fitting, [...folds, ...parts], train);
}

/**
 * Returns the bytes of memory that training networks one after the other takes at most.
 * @param scoring as `assertNetworksTrainable`
 */
export function networksBytes(
  fitting: Fitting,
  parts: readonly TrainedModelPart[],
  train: RowSizes,
  scoring = 0,
): number {
  return Math.max(...memoryOf(fitting, parts, train, scoring).map(({ bytes }) => bytes));
}

/** Returns the networks of the declared model, and those that the choice of its rows needs. */
export function networksOf(fitting: Fitting) {
  const { opened, encoder, options } = fitting;
  const networkOf = options.modelFile?.networkOf ?? null;
  const model = declaredModel(opened.log.declaration, encoder.inputs, encoder.tables, networkOf);
  const parts = trainedParts(model, encoder.tables);
  const folds = propensityStages(model).flatMap((stage) => foldNetworks(fitting, stage));
  return { model, parts, folds };
}

/** Whether calibration has set the level of every output, or found it right on held-out rows. */
function isRepaired(calibration: Calibration | null): boolean {
  return calibration !== null && Object.keys(calibration.uncalibrated).length === 0;
}

/** How many rows there are, and what of them is in memory at once. */
type RowSizes = Pick<RowCache, 'rows' | 'windowBytes'>;

/** Returns what each network needs of memory beside the weights of those that were trained before. */
function memoryOf(
  { opened: { log }, options: { threads, champion } }: Fitting,
  parts: readonly TrainedModelPart[],
  train: RowSizes,
  scoring: number,
): readonly RequiredMemory[] {
  const { declaration } = log;
  const batchSize = batchSizeFor(declaration.training.batchSize, train.rows);
  return parts.map(({ model }, index) =>
    requiredMemory(
      model,
      { ...declaration.training, batchSize, threads, sharedEntity: sharedEntity(declaration, model) },
      { train, finished: parts.slice(0, index).map((part) => part.model), isWarm: champion !== undefined, scoring },
    ),
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
  const { calibration: kind, calibrationOf: of } = log.declaration.training;
  if (kind === 'none') return null;
  return calibrate({
    model,
    inputs: encoder.inputs,
    weights,
    wish: { kind, of },
    rows: rows.calibration,
    outcomes: await readOutcomes(database, log, ['validation']),
    threads,
    scratch,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}
