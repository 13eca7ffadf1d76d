/** Divides the rows of a log among processes, each of which encodes and writes its share of the bundle's files. */
import { join } from 'node:path';
import { logRows } from '../table/encode/log-rows.ts';
import { addCounts, type FeatureCounts, type PartCounts } from '../table/encode/value-counts.ts';
import { PARTS } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import { writeEncoder } from '../table/fit/encoder-files.ts';
import { meanWeights } from '../table/fit/parts.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { workerUrl } from '../workers/entries.ts';
import { WorkerProcess } from '../workers/worker-process.ts';
import type { EncodeRequest } from './encode-worker.ts';
import { BUNDLE_PARTS, type BundlePart, type BundleRows } from './format.ts';
import { type EncodedShard, type EncodeJob, type Shard, ShardEncoder, type ShardFile } from './shard-encoder.ts';

const SHARD_ROWS = 2 ** 19;
/** Memory for reading, encoding and writing that a process should have, in MiB. */
const PROCESS_MIB = 512;

/** By how many processes rows are encoded. */
export interface ProcessOptions {
  /** @default one for each thread, as long as each has 512 MiB of the memory */
  readonly processes?: number | undefined;
  /** Threads and memory of all processes together. */
  readonly threads: number;
  readonly memoryLimitMiB: number;
}

/** How rows are encoded. */
export interface EncodeRowsOptions extends ProcessOptions {
  readonly encoder: Encoder;
  /** Folder of the bundle, which has an empty folder `rows`. */
  readonly folder: string;
  readonly scratch: string;
  /** Called with how many rows are encoded. */
  readonly onProgress: (done: number) => void;
  readonly signal?: AbortSignal;
  /** Rows of the log that a process encodes at a time, to one file of each part. @default 524,288 */
  readonly shardRows?: number;
}

/** The encoded rows of a bundle. */
export interface EncodedLog {
  readonly parts: Readonly<Record<BundlePart, BundleRows>>;
  /** SHA-256 of the files, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Counts of the values in the rows of each part of the log. */
  readonly counts: PartCounts;
}

/** Encodes the rows of a log to the files of a bundle. */
export type EncodeRows = (opened: OpenedLog, options: EncodeRowsOptions) => Promise<EncodedLog>;

/** Returns the number of processes for so many shards. */
export function processesFor({ processes, threads, memoryLimitMiB }: ProcessOptions, shards: number): number {
  const fitting = Math.min(threads, Math.floor(memoryLimitMiB / PROCESS_MIB));
  return Math.max(1, Math.min(processes ?? fitting, shards));
}

/**
 * Encodes all rows of a log, and writes them to files: those of `shardRows` rows of the log to one file of each part, in
 * the log's order. However many processes there are, the files are the same.
 * @throws {ProcessEndedError} if a process is killed.
 */
export async function encodeRows(opened: OpenedLog, options: EncodeRowsOptions): Promise<EncodedLog> {
  const { job, shards } = await divideRows(opened, options);
  const processes = processesFor(options, shards.length);
  const encoded =
    processes === 1
      ? await encodeHere(opened, job, shards, options)
      : await encodeByProcesses(opened, job, shards, { ...options, processes });
  return encodedLog(encoded);
}

/** Rows to encode, divided. */
export interface DividedRows {
  readonly job: EncodeJob;
  readonly shards: readonly Shard[];
}

/** Divides the rows of a log into ranges, each of which is encoded to one file of each part. */
export async function divideRows(
  { database, log }: OpenedLog,
  { encoder, shardRows = SHARD_ROWS }: Pick<EncodeRowsOptions, 'encoder' | 'shardRows'>,
): Promise<DividedRows> {
  const { rows } = log.source;
  return {
    job: { rows: logRows(log, encoder.features), meanWeights: await meanWeights(database, log) },
    shards: Array.from({ length: Math.ceil(rows / shardRows) }, (_, index) => {
      return { index, from: index * shardRows, to: Math.min((index + 1) * shardRows, rows) };
    }),
  };
}

/** Returns what became of all ranges, which are in order. */
export function encodedLog(encoded: readonly EncodedShard[]): EncodedLog {
  return {
    parts: { train: rowsOf('train', encoded), validation: rowsOf('validation', encoded) },
    files: Object.fromEntries(
      BUNDLE_PARTS.flatMap((part) => filesOf(part, encoded).map(({ path, sha256 }) => [path, sha256])),
    ),
    counts: sumOf(encoded.map(({ counts }) => counts)),
  };
}

async function encodeHere(
  { database }: OpenedLog,
  job: EncodeJob,
  shards: readonly Shard[],
  { encoder, folder, onProgress, signal, ...options }: EncodeRowsOptions,
): Promise<EncodedShard[]> {
  const shardEncoder = await ShardEncoder.open(job, { database, encoder }, options);
  try {
    const encode: EncodeShard = (shard, onDone) => shardEncoder.encode(shard, { folder }, onDone);
    return await encodeAll(shards, [encode], { onProgress, signal });
  } finally {
    await shardEncoder.close();
  }
}

async function encodeByProcesses(
  { database }: OpenedLog,
  job: EncodeJob,
  shards: readonly Shard[],
  {
    encoder,
    folder,
    scratch,
    threads,
    memoryLimitMiB,
    processes,
    onProgress,
    signal,
  }: EncodeRowsOptions & { processes: number },
): Promise<EncodedShard[]> {
  const encoderFolder = join(scratch, 'encoder');
  await writeEncoder(database, encoder, encoderFolder);
  const own = {
    scratch,
    threads: Math.max(1, Math.floor(threads / processes)),
    memoryLimitMiB: Math.ceil(memoryLimitMiB / processes),
  };
  const workers = Array.from(
    { length: processes },
    () =>
      new WorkerProcess<EncodeRequest, EncodedShard>(
        workerUrl('encode-worker'),
        `one of ${processes} processes that encode rows`,
      ),
  );
  try {
    return await encodeAll(
      shards,
      workers.map(
        (worker) => (shard, onDone) =>
          worker.request({ job, encoderFolder, database: own, shard, place: { folder } }, onDone),
      ),
      { onProgress, signal },
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

type EncodeShard = (shard: Shard, onDone: (rows: number) => void) => Promise<EncodedShard>;

/** Encodes shards, each by the first that is free, and returns them in order. After a failure none is begun. */
async function encodeAll(
  shards: readonly Shard[],
  encoders: readonly EncodeShard[],
  { onProgress, signal }: { onProgress: (done: number) => void; signal: AbortSignal | undefined },
): Promise<EncodedShard[]> {
  const encoded: EncodedShard[] = [];
  const done = new Float64Array(shards.length);
  const waiting = [...shards];
  const encodeNext = async (encode: EncodeShard): Promise<void> => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
      const { index } = shard;
      signal?.throwIfAborted();
      encoded[index] = await encode(shard, (rows) => {
        done[index] = rows;
        onProgress(done.reduce((sum, some) => sum + some, 0));
      });
    }
  };
  await Promise.all(
    encoders.map((encode) =>
      encodeNext(encode).catch((error: unknown) => {
        waiting.length = 0;
        throw error;
      }),
    ),
  );
  return encoded;
}

function filesOf(part: BundlePart, encoded: readonly EncodedShard[]): ShardFile[] {
  return encoded.flatMap(({ files }) => files[part] ?? []);
}

function rowsOf(part: BundlePart, encoded: readonly EncodedShard[]): BundleRows {
  const files = filesOf(part, encoded).map(({ path, rows }) => ({ path, rows }));
  return { rows: files.reduce((sum, { rows }) => sum + rows, 0), files };
}

function sumOf(counts: readonly PartCounts[]): PartCounts {
  return Object.fromEntries(
    PARTS.map((part) => [part, counts.map((one) => one[part]).reduce(addFeatures)]),
  ) as PartCounts;
}

function addFeatures(a: FeatureCounts, b: FeatureCounts): FeatureCounts {
  return Object.fromEntries(
    Object.entries(a).map(([name, count]) => [name, addCounts(count, b[name] as FeatureCounts[string])]),
  );
}
