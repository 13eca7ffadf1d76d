/** What a training run is told by its environment. */
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { PREFIXES, trainedDeclarationKey } from '../../lib/contract/bucket.ts';
import { TRAINING_DEFAULTS } from '../../lib/contract/limits.ts';

/** Thrown where a variable of the environment is absent, or not what it must be. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

export interface RunSettings {
  /** `BUCKET`: `s3://name`, or a folder. */
  readonly bucket: string;
  /** `MODEL_NAME`: the declaration's name. */
  readonly modelName: string;
  /** `RUN_ID`: a run that is started again with it goes on where it was. */
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
  /** `CHECKPOINT_MINUTES`. @default 10 */
  readonly checkpointMinutes: number;
  /** `LEASE_SECONDS`: until another run takes over from one that is silent. @default 180 */
  readonly leaseSeconds: number;
  /** `MEMORY_MIB`: of what reads the data; the rest is the model's. @default half of the machine's or container's memory */
  readonly memoryMiB: number;
  /** `THREADS`. @default those of the machine */
  readonly threads: number;
  /** `SEED`; `null` for the declaration's own. */
  readonly seed: number | null;
  /** `WARM_START`: whether training begins with the current version's weights. @default false */
  readonly warmStart: boolean;
  /** `HOURLY_USD`: price of the machine, for the report; `null` where it is not told. */
  readonly hourlyUsd: number | null;
  /** `SCRATCH`: a folder on a disk with room for the window, twice. @default the system's temporary folder */
  readonly scratch: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @throws {EnvironmentError} naming the variable, what was got and what was expected. */
export function runSettings(variables: Variables = process.env): RunSettings {
  const { text, number, matching } = readers(variables);
  const modelName = matching('MODEL_NAME', /^[a-z0-9][a-z0-9-]*$/, 'a-z, 0-9 and -');
  return {
    bucket: text('BUCKET'),
    modelName,
    // It is part of a key, and of a state machine's execution.
    runId: matching('RUN_ID', /^[\w-]{1,80}$/, 'up to 80 letters, digits, - and _'),
    declarationKey: text('DECLARATION_KEY', trainedDeclarationKey(modelName)),
    dataPrefix: matching('DATA_PREFIX', /^([^/]+\/)*$/, 'a prefix that ends in /', PREFIXES.data),
    windowDays: number('WINDOW_DAYS', { least: 1, most: 3660, whole: true }, TRAINING_DEFAULTS.windowDays),
    partitionsUntil: variables.PARTITIONS_UNTIL ? dayOf(variables.PARTITIONS_UNTIL) : null,
    maxMissingDays: number('MAX_MISSING_DAYS', { least: 0, most: 3660, whole: true }, 0),
    checkpointMinutes: number(
      'CHECKPOINT_MINUTES',
      { least: 0, most: 1440, whole: false },
      TRAINING_DEFAULTS.checkpointMinutes,
    ),
    leaseSeconds: number('LEASE_SECONDS', { least: 1, most: 86_400, whole: true }, TRAINING_DEFAULTS.leaseSeconds),
    memoryMiB: number('MEMORY_MIB', { least: 1, most: 1 << 24, whole: true }, halfOfMemoryMiB()),
    threads: number('THREADS', { least: 1, most: 1024, whole: true }, availableParallelism()),
    seed: variables.SEED ? number('SEED', { least: 0, most: 2 ** 31 - 1, whole: true }) : null,
    warmStart: matching('WARM_START', /^(true|false)$/, 'true or false', 'false') === 'true',
    hourlyUsd: variables.HOURLY_USD ? number('HOURLY_USD', { least: 0, most: 1e6, whole: false }) : null,
    scratch: text('SCRATCH', tmpdir()),
  };
}

/** A container's limit is not the machine's memory; without one it is 0, or a number that no machine has. */
function halfOfMemoryMiB(): number {
  return Math.floor(Math.min(totalmem(), process.constrainedMemory() || Infinity) / 2 ** 21);
}

function readers(variables: Variables) {
  const text = (name: string, otherwise?: string): string => {
    const value = variables[name] || otherwise;
    if (value === undefined) throw new EnvironmentError(`environment: ${name} is not set`);
    return value;
  };
  const matching = (name: string, pattern: RegExp, expected: string, otherwise?: string): string => {
    const value = text(name, otherwise);
    if (!pattern.test(value)) throw unexpected(name, expected, value);
    return value;
  };
  const number = (
    name: string,
    { least, most, whole }: { readonly least: number; readonly most: number; readonly whole: boolean },
    otherwise?: number,
  ): number => {
    const value = text(name, otherwise?.toString());
    const parsed = Number(value);
    if (!(parsed >= least && parsed <= most) || (whole && !Number.isInteger(parsed)))
      throw unexpected(name, `${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`, value);
    return parsed;
  };
  return { text, matching, number };
}

function dayOf(text: string): string {
  const day = new Date(`${text}T00:00:00.000Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text)
    throw unexpected('PARTITIONS_UNTIL', 'a day like 2026-01-31', text);
  return text;
}

function unexpected(name: string, expected: string, got: string): EnvironmentError {
  return new EnvironmentError(`environment: ${name} must be ${expected}, got ${JSON.stringify(got)}`);
}
