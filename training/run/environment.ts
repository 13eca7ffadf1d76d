/** The settings of a training run, from the variables of its environment. */
import { tmpdir } from 'node:os';
import type { RangesUrls } from '../../lib/bundle/fleet/ranges-queue.ts';
import { ENGINES, type EngineName } from '../../lib/config/engines.ts';
import {
  choice,
  day,
  EnvironmentError,
  flag,
  matching,
  number,
  readEnvironment,
  text,
  type Variables,
  wholeNumber,
} from '../../lib/config/environment.ts';
import { thisMachine } from '../../lib/config/machine.ts';
import { PREFIXES, trainedDeclarationKey } from '../../lib/contract/bucket.ts';
import { TRAINING_DEFAULTS } from '../../lib/contract/limits.ts';

const STEPS = ['whole', 'export', 'train', 'publish'] as const;
export type RunStep = (typeof STEPS)[number];

/** The PyTorch program. */
export interface TrainerSettings {
  /** @default training/torch/train.py */
  readonly program: string;
  /** @default python3 */
  readonly python: string;
  /** Processes that train together: one a GPU. @default 1 */
  readonly processes: number;
  /** Of matrix products. @default float32 */
  readonly precision: (typeof PRECISIONS)[number];
}

const PRECISIONS = ['float32', 'tf32', 'bf16'] as const;

export interface RunSettings {
  /** `BUCKET`: `s3://name`, or a folder. */
  readonly bucket: string;
  /** `MODEL_NAME`: the declaration's name. */
  readonly modelName: string;
  /** `RUN_ID`. A run that is started again with the same id continues where it was interrupted. */
  readonly runId: string;
  /** `DECLARATION_KEY`. @default `training/<model>/entirespace.yaml` */
  readonly declarationKey: string;
  /** `DATA_PREFIX`: where partitions `dt=YYYY-MM-DD/` are. @default `data/` */
  readonly dataPrefix: string;
  /** `WINDOW_DAYS`: partitions to train on. @default 30 */
  readonly windowDays: number;
  /** `PARTITIONS_UNTIL`: the window's last day, `YYYY-MM-DD`; `null` for the day before the run began, UTC. */
  readonly partitionsUntil: string | null;
  /** `MAX_MISSING_DAYS`: days of the window that may have no partition. @default 0 */
  readonly maxMissingDays: number;
  /** `CHECKPOINT_MINUTES`: time from one checkpoint to the next. @default 10 */
  readonly checkpointMinutes: number;
  /** `LEASE_SECONDS`: until another run takes over from one that is silent. @default 180 */
  readonly leaseSeconds: number;
  /**
   * `MEMORY_MIB`: memory of what reads the data; the rest is the model's.
   * @default half of the machine's or container's memory
   */
  readonly memoryMiB: number;
  /** `THREADS`. @default those of the machine */
  readonly threads: number;
  /** `SEED`; `null` for the declaration's own. */
  readonly seed: number | null;
  /** `ENGINE`: what computes the training steps; `null` for the declaration's own. */
  readonly engine: EngineName | null;
  /** `WARM_START`: whether training begins with the current version's weights. @default false */
  readonly warmStart: boolean;
  /** `MODELS`: folder of the model files that declarations may name; `null` for none. */
  readonly models: string | null;
  /**
   * `STEP`: the whole run in this process, or one of the three steps of a run whose training is PyTorch's: `export` a
   * bundle, `train` on it, `publish` what was trained. @default whole
   */
  readonly step: RunStep;
  /**
   * `RANGES_URL`, `RANGES_DEAD_URL`: the queue of the functions that encode the rows of the step `export`, and that of its
   * dead letters; `null` for processes of this machine.
   */
  readonly ranges: RangesUrls | null;
  /** `TRAINER`, `PYTHON`, `PROCESSES`, `PRECISION`: the program of the step `train`, and how it is run. */
  readonly trainer: TrainerSettings;
  /** `AWS_EC2_METADATA_SERVICE_ENDPOINT`: where a Spot instance learns of its end; `null` where it does not. */
  readonly instanceMetadata: string | null;
  /** `HOURLY_USD`: price of the machine, for the report; `null` where it is not known. */
  readonly hourlyUsd: number | null;
  /** `SCRATCH`: a folder on a disk with room for the window, three times. @default the system's temporary folder */
  readonly scratch: string;
}

/** @throws {EnvironmentError} naming every variable that is absent or wrong. */
export function runSettings(variables: Variables = process.env): RunSettings {
  const read = readEnvironment(
    {
      BUCKET: text,
      MODEL_NAME: matching(/^[a-z0-9][a-z0-9-]*$/, 'a-z, 0-9 and -'),
      // It is part of a key, and of a state machine's execution.
      RUN_ID: matching(/^[\w-]{1,80}$/, 'up to 80 letters, digits, - and _'),
      DECLARATION_KEY: text.optional(),
      DATA_PREFIX: matching(/^([^/]+\/)*$/, 'a prefix that ends in /').default(PREFIXES.data),
      WINDOW_DAYS: wholeNumber({ least: 1, most: 3660 }).default(TRAINING_DEFAULTS.windowDays),
      PARTITIONS_UNTIL: day.nullable().default(null),
      MAX_MISSING_DAYS: wholeNumber({ least: 0, most: 3660 }).default(0),
      CHECKPOINT_MINUTES: number({ least: 0, most: 1440 }).default(TRAINING_DEFAULTS.checkpointMinutes),
      LEASE_SECONDS: wholeNumber({ least: 1, most: 86_400 }).default(TRAINING_DEFAULTS.leaseSeconds),
      MEMORY_MIB: wholeNumber({ least: 1, most: 1 << 24 }).default(halfOfMemoryMiB()),
      THREADS: wholeNumber({ least: 1, most: 1024 }).default(thisMachine().processors),
      SEED: wholeNumber({ least: 0, most: 2 ** 31 - 1 })
        .nullable()
        .default(null),
      ENGINE: choice(ENGINES).nullable().default(null),
      WARM_START: flag.default(false),
      MODELS: text.nullable().default(null),
      STEP: choice(STEPS).default('whole'),
      RANGES_URL: text.nullable().default(null),
      RANGES_DEAD_URL: text.nullable().default(null),
      TRAINER: text.default('training/torch/train.py'),
      PYTHON: text.default('python3'),
      PROCESSES: wholeNumber({ least: 1, most: 64 }).default(1),
      PRECISION: choice(PRECISIONS).default('float32'),
      AWS_EC2_METADATA_SERVICE_ENDPOINT: text.nullable().default(null),
      HOURLY_USD: number({ least: 0, most: 1e6 }).nullable().default(null),
      SCRATCH: text.default(tmpdir()),
    },
    variables,
  );
  if (read.WARM_START && read.STEP !== 'whole')
    throw new EnvironmentError(
      `environment: WARM_START must be false where STEP is ${read.STEP}, got "true": a bundle begins with fresh weights`,
    );
  const { RANGES_URL: url, RANGES_DEAD_URL: deadUrl } = read;
  if ((url === null) !== (deadUrl === null))
    throw new EnvironmentError(
      `environment: ${url === null ? 'RANGES_URL' : 'RANGES_DEAD_URL'} is missing, expected both or neither of RANGES_URL and RANGES_DEAD_URL`,
    );
  return {
    bucket: read.BUCKET,
    modelName: read.MODEL_NAME,
    runId: read.RUN_ID,
    declarationKey: read.DECLARATION_KEY ?? trainedDeclarationKey(read.MODEL_NAME),
    dataPrefix: read.DATA_PREFIX,
    windowDays: read.WINDOW_DAYS,
    partitionsUntil: read.PARTITIONS_UNTIL,
    maxMissingDays: read.MAX_MISSING_DAYS,
    checkpointMinutes: read.CHECKPOINT_MINUTES,
    leaseSeconds: read.LEASE_SECONDS,
    memoryMiB: read.MEMORY_MIB,
    threads: read.THREADS,
    seed: read.SEED,
    engine: read.ENGINE,
    warmStart: read.WARM_START,
    models: read.MODELS,
    step: read.STEP,
    ranges: url === null || deadUrl === null ? null : { url, deadUrl },
    trainer: {
      program: read.TRAINER,
      python: read.PYTHON,
      processes: read.PROCESSES,
      precision: read.PRECISION,
    },
    instanceMetadata: read.AWS_EC2_METADATA_SERVICE_ENDPOINT,
    hourlyUsd: read.HOURLY_USD,
    scratch: read.SCRATCH,
  };
}

function halfOfMemoryMiB(): number {
  return Math.floor(thisMachine().memoryBytes / 2 ** 21);
}
