/** Trains a model on cached rows that another thread has written, and scores the validation and test rows. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { traceScores } from '../../engine/ort/scoring-graph.ts';
import { writeOnnx } from '../../graph/onnx-file.ts';
import { type Model, trainedParts } from '../../model/model.ts';
import { loadModelFile } from '../../own-model/model-file.ts';
import { INPUTS_FILE } from '../../table/encoded.ts';
import type { Encoder } from '../../table/encoder.ts';
import { fitNetworks } from '../../training/fit-model.ts';
import { predictRows } from '../../training/held-out/predict.ts';
import type { Fitting } from '../../training/networks/fit-network.ts';
import type { RowsToFit } from '../../training/networks/fit-parts.ts';
import { type FittedNetwork, joinWeights } from '../../training/networks/fitted-network.ts';
import { fitStageNetwork, predictStage, stageNetwork } from '../../training/networks/stage-network.ts';
import { openEncodedRows, type StoredEncodedRows } from '../../training/rows/encoded-rows.ts';
import { openRowCache, type StoredRowCache } from '../../training/rows/row-cache.ts';
import type { StageRates } from '../../training/weights/initial-weights.ts';
import type { TrainRequest } from './bench.ts';
import type { RunScores } from './run.ts';
import { shareOfRows, shareStream } from './share-of-rows.ts';

/** The encoded rows of a log, as plain data. */
export interface StoredLog {
  /** Path of the log, for messages. */
  readonly path: string;
  readonly encoder: Encoder;
  readonly train: StoredRowCache;
  readonly validation: StoredRowCache;
  /** Rows that reached the stages whose propensities some models need. */
  readonly reached: Readonly<Record<string, Readonly<Record<'train' | 'validation', StoredReached>>>>;
  /** The rows to score. */
  readonly scored: Readonly<Record<'validation' | 'test', StoredEncodedRows>>;
  /** Share of the training rows that reached each stage. */
  readonly rates: StageRates;
  /** Existing folder for files on the way. */
  readonly scratch: string;
}

interface StoredReached {
  readonly encoded: StoredEncodedRows;
  readonly places: Uint32Array;
}

/** Trains a declared model once. */
export async function trainRun(log: StoredLog, request: TrainRequest, signal: AbortSignal): Promise<RunScores> {
  const { source } = request;
  const modelFile = source && (await loadModelFile(source));
  return withFitting(log, { ...request, modelFile, signal }, async (fitting, rows) => {
    const { model, fitted } = await fitNetworks(fitting, rows);
    const folder = join(fitting.options.scratch, 'model');
    await mkdir(folder);
    await writeFile(join(folder, INPUTS_FILE), JSON.stringify(log.encoder.inputs));
    await writeOnnx(traceScores(model, log.encoder.inputs, joinWeights(fitted)), join(folder, 'model.onnx'));
    const score = (part: 'validation' | 'test') =>
      predictRows(folder, openEncodedRows(log.scored[part]), { phase: 'evaluate', threads: 1, signal });
    return {
      validation: await score('validation'),
      test: await score('test'),
      facts: {
        isCalibrated: model.network.isCalibrated !== false,
        isOnChosenRows: choosesRows(model, log.encoder),
        networks: fitted.map(factsOf),
      },
    };
  });
}

/** Trains the network of the probability of a stage once; the name of its only output is `output`. */
export async function trainStageRun(
  log: StoredLog,
  request: Omit<TrainRequest, 'source'>,
  { stage, output, signal }: { readonly stage: string; readonly output: string; readonly signal: AbortSignal },
): Promise<RunScores> {
  return withFitting(log, { ...request, modelFile: null, signal }, async (fitting, rows) => {
    const network = stageNetwork(fitting, stage, 'shared CTR');
    const fitted = await fitStageNetwork(fitting, network, rows);
    const score = async (part: 'validation' | 'test') => ({
      [output]: await predictStage(fitting, network, fitted, openEncodedRows(log.scored[part])),
    });
    return {
      validation: await score('validation'),
      test: await score('test'),
      facts: { isCalibrated: true, isOnChosenRows: false, networks: [factsOf(fitted)] },
    };
  });
}

/** Runs work with the rows of a run, and with a folder of its own that is removed afterwards. */
async function withFitting<T>(
  { path, encoder, rates, scratch: parent, ...stored }: StoredLog,
  {
    declaration: declared,
    seed,
    share,
    modelFile,
    signal,
  }: Pick<TrainRequest, 'declaration' | 'seed' | 'share'> &
    Pick<Fitting['options'], 'modelFile'> & { readonly signal: AbortSignal },
  work: (fitting: Fitting, rows: RowsToFit) => Promise<T>,
): Promise<T> {
  const declaration = { ...declared, training: { ...declared.training, seed } };
  const scratch = await mkdtemp(join(parent, 'run-'));
  try {
    const opened = { log: { declaration, source: { path } }, database: null };
    const options = { declarationText: '', modelFile: modelFile ?? null, scratch, threads: 1, signal };
    const all: RowsToFit = {
      train: openRowCache(stored.train),
      validation: openRowCache(stored.validation),
      reached: Object.fromEntries(
        Object.entries(stored.reached).map(([stage, { train, validation }]) => [
          stage,
          { train: openReached(train), validation: openReached(validation) },
        ]),
      ),
      rates,
    };
    const rows =
      share === 1
        ? all
        : await shareOfRows(all, { share, random: shareStream(seed), path: join(scratch, 'share.rows') });
    return await work({ opened, options, encoder }, rows);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function openReached({ encoded, places }: StoredReached): RowsToFit['reached'][string]['train'] {
  return { encoded: openEncodedRows(encoded), places };
}

function choosesRows(model: Model, { tables }: Encoder): boolean {
  return trainedParts(model, tables).some((part) => part.model.network.rows !== undefined);
}

function factsOf({ name, bestEpoch, epochs }: FittedNetwork): RunScores['facts']['networks'][number] {
  return { name, bestEpoch, epochs: epochs.length };
}
