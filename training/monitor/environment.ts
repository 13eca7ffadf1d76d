/** The settings of a scheduled run of monitoring, from the variables of its environment. */
import { tmpdir } from 'node:os';
import {
  day,
  matching,
  number,
  readEnvironment,
  text,
  type Variables,
  wholeNumber,
} from '../../lib/config/environment.ts';
import { thisMachine } from '../../lib/config/machine.ts';
import { PREFIXES } from '../../lib/contract/bucket.ts';

export interface MonitorSettings {
  /** `BUCKET`: `s3://name`, or a folder. */
  readonly bucket: string;
  /** `MODEL_NAME`: the declaration's name. */
  readonly modelName: string;
  /** `RUN_ID`, for the log; `null` for none. */
  readonly runId: string | null;
  /** `EVENT_BUS`: the bus of EventBridge that findings are told to; `null` to keep them until a run with one. */
  readonly eventBus: string | null;
  /** `DATA_PREFIX`: where partitions `dt=YYYY-MM-DD/` are. @default `data/` */
  readonly dataPrefix: string;
  /** `WINDOW_DAYS`: partitions to read; `null` for as many as the declaration's delays need. */
  readonly windowDays: number | null;
  /** `PARTITIONS_UNTIL`: the last day to read, `YYYY-MM-DD`; `null` for the day before the run, UTC. */
  readonly partitionsUntil: string | null;
  /** `USD_PER_SECOND`: price of a second of scoring, for the page; `null` where it is not known. */
  readonly usdPerSecond: number | null;
  /** `MEMORY_MIB`: of what joins log and scores. @default half of the machine's or container's memory */
  readonly memoryMiB: number;
  /** `THREADS`. @default those of the machine */
  readonly threads: number;
  /** `SCRATCH`: a folder with room for the files of the days, twice. @default the system's temporary folder */
  readonly scratch: string;
}

/** @throws {EnvironmentError} naming every variable that is absent or wrong. */
export function monitorSettings(variables: Variables = process.env): MonitorSettings {
  const read = readEnvironment(
    {
      BUCKET: text,
      MODEL_NAME: matching(/^[a-z0-9][a-z0-9-]*$/, 'a-z, 0-9 and -'),
      RUN_ID: text.nullable().default(null),
      EVENT_BUS: text.nullable().default(null),
      DATA_PREFIX: matching(/^([^/]+\/)*$/, 'a prefix that ends in /').default(PREFIXES.data),
      WINDOW_DAYS: wholeNumber({ least: 1, most: 3660 }).nullable().default(null),
      PARTITIONS_UNTIL: day.nullable().default(null),
      USD_PER_SECOND: number({ least: 0, most: 1 }).nullable().default(null),
      MEMORY_MIB: wholeNumber({ least: 1, most: 1 << 24 }).default(Math.floor(thisMachine().memoryBytes / 2 ** 21)),
      THREADS: wholeNumber({ least: 1, most: 1024 }).default(thisMachine().processors),
      SCRATCH: text.default(tmpdir()),
    },
    variables,
  );
  return {
    bucket: read.BUCKET,
    modelName: read.MODEL_NAME,
    runId: read.RUN_ID,
    eventBus: read.EVENT_BUS,
    dataPrefix: read.DATA_PREFIX,
    windowDays: read.WINDOW_DAYS,
    partitionsUntil: read.PARTITIONS_UNTIL,
    usdPerSecond: read.USD_PER_SECOND,
    memoryMiB: read.MEMORY_MIB,
    threads: read.THREADS,
    scratch: read.SCRATCH,
  };
}
