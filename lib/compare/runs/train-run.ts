/** Trains a model on cached rows that another thread has written, and scores the validation and test rows. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { traceScores } from '../../engine/ort/scoring-graph.ts';
import { writeOnnx } from '../../graph/onnx-file.ts';
import { type Model, trainedParts } from '../../model/model.ts';
import { stageGraph } from '../../model/stage-graph.ts';
import { loadModelFile } from '../../own-model/model-file.ts';
import { INPUTS_FILE } from '../../table/encoded.ts';
import type { Encoder } from '../../table/encoder.ts';
import { fitNetworks, modelBytes, networksBytes } from '../../training/fit-model.ts';
import { predictRows } from '../../training/held-out/predict.ts';
import type { Fitting } from '../../training/networks/fit-network.ts';
import { type FittedNetwork, joinWeights } from '../../training/networks/fitted-network.ts';
import type { RowsToFit } from '../../training/networks/own-rows.ts';
import { fitStageNetwork, predictStage, stageNetwork } from '../../training/networks/stage-network.ts';
import type { Progress } from '../../training/progress.ts';
import { openEncodedRows, type StoredEncodedRows } from '../../training/rows/encoded-rows.ts';
import { openRowCache, type StoredRowCache } from '../../training/rows/row-cache.ts';
import type { StageRates } from '../../training/weights/initial-weights.ts';
import type { TrainRequest } from './bench.ts';
import type { OnRunProgress, RunProgress, RunScores } from './run.ts';
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
  /** Bytes of memory that are in use besides the runs, which share the rest among themselves. */
  readonly usedBytes: number;
}

/** Whether a training goes on, and how far it is. */
export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: OnRunProgress;
}

/** A stage whose network is trained by itself, and the name of its only output. */
export interface StageRun {
  readonly stage: string;
  readonly output: string;
}

interface StoredReached {
  readonly encoded: StoredEncodedRows;
  readonly places: Uint32Array;
}

/** Trains a declared model once. */
export async function trainRun(log: StoredLog, request: TrainRequest, options: RunOptions): Promise<RunScores> {
  const { signal } = options;
  return withFitting(log, { ...request, ...options }, async (fitting, rows) => {
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

/** Trains the network of the probability of a stage once. */
export async function trainStageRun(
  log: StoredLog,
  request: Omit<TrainRequest, 'source'>,
  { stage, output, ...options }: StageRun & RunOptions,
): Promise<RunScores> {
  return withFitting(log, { ...request, source: null, ...options }, async (fitting, rows) => {
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

/** Returns the bytes of memory that a run takes at most: those of all training rows, and of the scores. */
export async function runBytes(log: StoredLog, request: TrainRequest, stage: string | null): Promise<number> {
  const nothing = { signal: new AbortController().signal, onProgress: () => undefined };
  return withFitting(log, { ...request, share: 1, ...nothing }, async (fitting, { train }) => {
    const outputs = stage === null ? stageGraph(request.declaration).outputs.length : 1;
    const scores = SCORE_COPIES * 4 * outputs * (log.scored.validation.rows + log.scored.test.rows);
    const networks =
      stage === null
        ? modelBytes(fitting, train)
        : networksBytes(fitting, [stageNetwork(fitting, stage, 'shared CTR')], train);
    return networks + scores;
  });
}

/** Copies of a run's scores while its record is written. */
const SCORE_COPIES = 3;

/** Runs work with the rows of a run, and with a folder of its own that is removed afterwards. */
async function withFitting<T>(
  { path, encoder, rates, scratch: parent, usedBytes, ...stored }: StoredLog,
  { declaration: declared, seed, share, source, signal, onProgress }: TrainRequest & RunOptions,
  work: (fitting: Fitting, rows: RowsToFit) => Promise<T>,
): Promise<T> {
  const declaration = { ...declared, training: { ...declared.training, seed } };
  const scratch = await mkdtemp(join(parent, 'run-'));
  try {
    const opened = { log: { declaration, source: { path } }, database: null };
    const options = {
      declarationText: '',
      modelFile: source && (await loadModelFile(source)),
      scratch,
      threads: 1,
      usedBytes,
      signal,
      onProgress: (progress: Progress) => {
        const of = runProgress(progress);
        if (of !== null) onProgress(of);
      },
    };
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

/** How far the networks of a run are; `null` in the phases before and after. */
function runProgress({ phase, network, epoch = 1, epochs = 1, done, total }: Progress): RunProgress | null {
  if (phase !== 'train') return null;
  const what = `${network === undefined ? '' : `${network} `}epoch ${epoch}/${epochs}`;
  return { what, share: (epoch - 1 + done / total) / epochs, rows: (epoch - 1) * total + done };
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
