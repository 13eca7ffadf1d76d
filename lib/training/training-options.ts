import type { TrainedModelPart } from '../model/model.ts';
import type { ModelFile } from '../own-model/model-file.ts';
import type { PartCounts } from '../table/encode/value-counts.ts';
import type { Encoder } from '../table/encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { EpochRecord } from './epochs/epoch-record.ts';
import type { FittedNetwork } from './networks/fitted-network.ts';
import type { OnProgress } from './progress.ts';
import type { ChampionFiles, WarmStartReport } from './weights/warm-start.ts';

/** An encoder, and the rows that it was fitted to. */
export interface FittedEncoder {
  readonly encoder: Encoder;
  readonly summary: LogSummary;
}

/** Where networks were trained that come home as weights. */
export interface ElsewhereFacts {
  readonly engine: string;
  readonly device: string;
  readonly processes: number;
  readonly precision: string;
  readonly seconds: number;
}

/** Networks that were trained outside, on the same rows, encoded by the same encoder. */
export interface Elsewhere {
  readonly facts: ElsewhereFacts;
  network(part: TrainedModelPart, fitted: FittedEncoder): Promise<FittedNetwork>;
}

/** How a model is trained on a log that is open. */
export interface TrainingOptions {
  /** The declaration's file as it was written: it travels in the model version. */
  readonly declarationText: string;
  /** The model of the declaration's `model.file`. @default the declaration names none */
  readonly modelFile?: ModelFile | null;
  /** An empty folder for encoded rows and the model's files; the caller removes it. */
  readonly scratch: string;
  readonly threads: number;
  /** Bytes of memory that are in use besides this training. @default what the process uses when it begins */
  readonly usedBytes?: number;
  /** Called once the rows are checked and encoded, before the first step. What it throws ends the training. */
  readonly onSummary?: (summary: LogSummary, counts: PartCounts) => void;
  /** Returns the epochs that a network is trained for, by its name. @default `training.epochs` of each, at most */
  readonly epochsOf?: (network: string | null) => number | undefined;
  readonly onProgress?: OnProgress;
  /** Called at the end of each epoch, with the rows that it trained on, and the network's name if there are several. */
  readonly onEpoch?: (epoch: EpochRecord, rows: number, network: string | null) => void;
  /** Called with what a user should know of the training of a network, a line each. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
  /** Keeps the training's state, and has what is left of an interrupted one. */
  readonly checkpoints?: Checkpoints;
  /** Networks that were trained outside, in place of training them. */
  readonly elsewhere?: Elsewhere;
  /** The version whose weights training begins with. */
  readonly champion?: ChampionFiles;
  /** Called for each network, once it is known what of the champion's weights its training begins with. */
  readonly onWarmStart?: (report: WarmStartReport) => void;
}
