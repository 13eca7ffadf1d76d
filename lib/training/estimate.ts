/** What training on a log will take of memory and time, by some real steps on its first rows. */
import { join } from 'node:path';
import { thisMachine } from '../config/machine.ts';
import type { Batch } from '../engine/engine.ts';
import { scoringBytes } from '../engine/ort/scoring-model.ts';
import { declaredModel, type TrainedModelPart, trainedParts } from '../model/model.ts';
import { delayedStages } from '../table/check/delays.ts';
import { encodeLog } from '../table/encode/encode.ts';
import { rowsOfPart } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { networksBytes } from './fit-model.ts';
import { stageRates } from './held-out/stage-rates.ts';
import { createNetworkEngine, type Fitting } from './networks/fit-network.ts';
import { batchSizeFor } from './rows/batch-size.ts';
import { type RowCache, RowCacheWriter } from './rows/row-cache.ts';
import type { TrainingOptions } from './training-options.ts';
import { initialWeights } from './weights/initial-weights.ts';

/** The log that a training is estimated on, with what is known of it. */
export interface LogToEstimate {
  readonly opened: OpenedLog;
  readonly encoder: Encoder;
  readonly summary: LogSummary;
}

/** At least, and at most. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What training takes. */
export interface TrainingEstimate {
  readonly memory: { readonly bytes: number; readonly ofBytes: number };
  readonly batchSize: number;
  /** Networks that are trained one after the other. */
  readonly networks: number;
  /** Between that early stopping ends it as early as it can, and all that are declared. */
  readonly epochs: Range;
  /** Rows a second of the probe; `null` where there is not the memory for it. */
  readonly rowsPerSecond: { readonly encode: number; readonly train: number; readonly validate: number } | null;
  /** Seconds of encoding, training and evaluation, on this machine, as busy as it is; `null` as `rowsPerSecond`. */
  readonly seconds: Range | null;
}

/** Batches of the probe, and the time after which it makes no other step. */
const PROBE_BATCHES = 8;
const PROBE_MS = 700;
/** By how much other windows of rows, disks and neighbours may slow training down, as far as the probe can tell. */
const MARGIN = 1.5;

/**
 * Estimates the training of a log's declaration. Of several networks the first that learns from all rows is probed; the
 * time of the others counts as if they did, too.
 */
export async function estimateTraining(
  { opened, encoder, summary }: LogToEstimate,
  options: Pick<TrainingOptions, 'threads' | 'scratch' | 'modelFile'> & { readonly signal?: AbortSignal },
): Promise<TrainingEstimate> {
  const { declaration } = opened.log;
  const { training } = declaration;
  const { train, validation, test } = summary.parts;
  const fitting: Fitting = { opened, options: { ...options, declarationText: '' }, encoder };
  const model = declaredModel(declaration, encoder.inputs, encoder.tables, options.modelFile?.networkOf ?? null);
  const parts = trainedParts(model, encoder.tables);
  const batchSize = batchSizeFor(training.batchSize, train.rows);
  const probed = await probeRows({ opened, encoder, summary }, { ...options, batchSize });
  const windowBytes = (size: number) => probed.rows.windowBytes(size, train.rows);
  const scored = training.calibration === 'none' ? test.rows : Math.max(validation.rows, test.rows);
  const scoring = scoringBytes(model, { rows: scored, threads: options.threads });
  const bytes = networksBytes(fitting, parts, { rows: train.rows, windowBytes }, scoring);
  const ofBytes = thisMachine().memoryBytes;
  const patient = training.patience === null ? training.epochs : 1 + training.patience;
  const epochs = { least: Math.min(training.epochs, patient), most: training.epochs };
  const facts = { memory: { bytes, ofBytes }, batchSize, networks: parts.length, epochs };
  if (bytes + process.memoryUsage.rss() > ofBytes) return { ...facts, rowsPerSecond: null, seconds: null };
  const part = parts.find((one) => one.model.network.rows === undefined) ?? (parts[0] as TrainedModelPart);
  const speeds = await probe(fitting, part, probed.rows, { summary, batchSize });
  const epoch = train.rows / speeds.train + validation.rows / speeds.validate;
  const once = (train.rows + validation.rows + test.rows) / probed.encodedPerSecond + test.rows / speeds.validate;
  return {
    ...facts,
    rowsPerSecond: { encode: probed.encodedPerSecond, ...speeds },
    seconds: { least: once + epochs.least * epoch, most: MARGIN * (once + parts.length * epochs.most * epoch) },
  };
}

/** Encodes the first training rows, as many as some batches have, and keeps them on the scratch disk. */
async function probeRows(
  { opened: { database, log }, encoder, summary }: LogToEstimate,
  {
    scratch,
    batchSize,
    signal,
  }: { readonly scratch: string; readonly batchSize: number; readonly signal?: AbortSignal },
): Promise<{ readonly rows: RowCache; readonly encodedPerSecond: number }> {
  const { declaration } = log;
  const writer = await RowCacheWriter.create(join(scratch, 'probe.rows'), {
    inputs: encoder.inputs,
    stages: Object.keys(summary.parts.train.labels),
    delayed: delayedStages(declaration).map(({ name }) => name),
    hasGroups: declaration.log.group !== null && declaration.training.shuffle === 'groups',
  });
  let [rows, encoded] = [0, 0];
  const began = performance.now();
  try {
    for await (const chunk of encodeLog(database, log, encoder)) {
      const train = rowsOfPart(chunk, 'train');
      await writer.append(chunk, train);
      rows += train.length;
      encoded += chunk.rows;
      signal?.throwIfAborted();
      if (rows >= PROBE_BATCHES * batchSize) break;
    }
    const seconds = (performance.now() - began) / 1000;
    return { rows: await writer.finish(), encodedPerSecond: encoded / seconds };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** Makes steps for a moment, and validates for another. The first ones allocate, and do not count. */
async function probe(
  fitting: Fitting,
  { model }: TrainedModelPart,
  cache: RowCache,
  { summary, batchSize }: { readonly summary: LogSummary; readonly batchSize: number },
): Promise<{ readonly train: number; readonly validate: number }> {
  const { training } = fitting.opened.log.declaration;
  const { rows } = summary.parts.train;
  const whole = { rows, batchCount: () => Math.ceil(rows / batchSize) };
  const engine = await createNetworkEngine(fitting, { model, seed: training.seed }, whole);
  try {
    engine.load(await initialWeights(model, stageRates(summary), training.seed, { signal: fitting.options.signal }));
    const order = { seed: training.seed, epoch: 1, shuffle: training.shuffle };
    const train = await rowsPerSecond(
      () => cache.batches(batchSize, order),
      (batch) => engine.train(batch),
    );
    const validate = await rowsPerSecond(
      () => cache.batches(batchSize),
      (batch) => engine.evaluate(batch),
    );
    return { train, validate };
  } finally {
    await engine.release();
  }
}

async function rowsPerSecond(
  batches: () => AsyncIterable<Batch>,
  use: (batch: Batch) => Promise<unknown>,
): Promise<number> {
  for await (const batch of batches()) {
    await use(batch);
    break;
  }
  let rows = 0;
  const began = performance.now();
  for (;;)
    for await (const batch of batches()) {
      await use(batch);
      rows += batch.rows;
      const elapsed = performance.now() - began;
      if (elapsed >= PROBE_MS) return (1000 * rows) / elapsed;
    }
}
