/**
 * Encodes ranges of a log's rows, each to files of its own. A file's bytes depend on its rows alone, not on what was
 * encoded before, by which process, or with how many threads.
 */
import { join } from 'node:path';
import { type Database, type DatabaseOptions, openDatabase } from '../table/database.ts';
import { encodeLogRows } from '../table/encode/encode.ts';
import { type LogRows, rowsIn } from '../table/encode/log-rows.ts';
import { type PartCounts, ValueCounter } from '../table/encode/value-counts.ts';
import { type LogChunk, PARTS, type Part, rowsOfPart } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import { readEncoder } from '../table/fit/encoder-files.ts';
import { fillRows, layoutOf } from '../training/rows/row-cache.ts';
import { digestFile } from '../workers/file-digest.ts';
import type { BundlePart } from './format.ts';
import { ShardFileWriter, WRITING_THREADS } from './shard-file.ts';

/** Consecutive rows of a log, with their number among all such ranges. */
export interface Shard {
  readonly index: number;
  /** Position of the first row in the log, from 0. */
  readonly from: number;
  /** Position after the last row. */
  readonly to: number;
}

/** What all shards of a log are encoded with, as plain data. */
export interface EncodeJob {
  readonly rows: LogRows;
  readonly meanWeights: Readonly<Record<Part, number>>;
}

/** Where a shard is read and written. */
export interface ShardPlace {
  /** Folder of the bundle, which has a folder `rows`. */
  readonly folder: string;
  /** A copy of the job's prepared rows that has those of the shard. @default the job's own file */
  readonly copy?: string;
}

/** A file of encoded rows. */
export interface ShardFile {
  /** Path in the bundle. */
  readonly path: string;
  readonly rows: number;
  readonly sha256: string;
}

/** What became of a shard. */
export interface EncodedShard {
  /** Its files; `null` for a part of which it has no rows. */
  readonly files: Readonly<Record<BundlePart, ShardFile | null>>;
  /** Counts of the values in the rows of each part. */
  readonly counts: PartCounts;
}

/** A log's database with the encoder. */
interface Reading {
  readonly database: Database;
  readonly encoder: Encoder;
}

/** Encodes one shard after the other. */
export class ShardEncoder {
  readonly #job: EncodeJob;
  readonly #reading: Reading;
  readonly #writing: Database;
  readonly #writers: Readonly<Record<BundlePart, ShardFileWriter>>;

  private constructor(job: EncodeJob, reading: Reading, writing: Database) {
    const { rows, meanWeights } = job;
    const layout = layoutOf({ ...rows, inputs: reading.encoder.inputs, hasGroups: false });
    this.#job = job;
    this.#reading = reading;
    this.#writing = writing;
    this.#writers = {
      train: new ShardFileWriter(writing, layout, meanWeights.train),
      validation: new ShardFileWriter(writing, layout, meanWeights.validation),
    };
  }

  /** Opens one that reads with a database which stays the caller's. */
  static async open(
    job: EncodeJob,
    reading: Reading,
    options: Omit<DatabaseOptions, 'threads'>,
  ): Promise<ShardEncoder> {
    return new ShardEncoder(job, reading, await openDatabase({ ...options, threads: WRITING_THREADS }));
  }

  /**
   * Encodes a shard and writes its files. After a failure it encodes no other.
   * @param onProgress called with how many of its rows are encoded
   */
  async encode(
    { index, from, to }: Shard,
    { folder, copy }: ShardPlace,
    onProgress: (done: number) => void,
  ): Promise<EncodedShard> {
    const { database, encoder } = this.#reading;
    const rows = copy === undefined ? this.#job.rows : rowsIn(this.#job.rows, copy);
    const counters = recordOf(PARTS, () => new ValueCounter(encoder));
    const condition = `"#row" >= ${from} AND "#row" < ${to}`;
    let done = 0;
    for await (const chunk of encodeLogRows(database, rows, encoder, { condition })) {
      for (const part of PARTS) {
        const own = rowsOfPart(chunk, part);
        counters[part].add(chunk, own);
        if (part !== 'test') await this.#append(part, chunk, own);
      }
      done += chunk.rows;
      onProgress(done);
    }
    return {
      files: {
        train: await this.#finish('train', index, folder),
        validation: await this.#finish('validation', index, folder),
      },
      counts: recordOf(PARTS, (part) => counters[part].counts()),
    };
  }

  async close(): Promise<void> {
    await this.#writing.close();
  }

  #append(part: BundlePart, chunk: LogChunk, rows: Uint32Array): Promise<void> {
    const { inputs } = this.#reading.encoder;
    return this.#writers[part].append(rows, (some, into, at) => fillRows(inputs, chunk, some, into, at));
  }

  async #finish(part: BundlePart, index: number, folder: string): Promise<ShardFile | null> {
    const path = `rows/${part}-${String(index).padStart(5, '0')}.parquet`;
    const place = join(folder, path);
    const rows = await this.#writers[part].finish(place);
    return rows === 0 ? null : { path, rows, sha256: (await digestFile(place)).sha256 };
  }
}

/** Opens a `ShardEncoder` in a process that has nothing yet. @param encoderFolder of `writeEncoder` */
export async function openShardEncoder(
  job: EncodeJob,
  encoderFolder: string,
  options: DatabaseOptions,
): Promise<ShardEncoder> {
  const memoryLimitMiB = Math.ceil(options.memoryLimitMiB / 2);
  const database = await openDatabase({ ...options, memoryLimitMiB });
  const encoder = await readEncoder(database, encoderFolder);
  return ShardEncoder.open(job, { database, encoder }, { ...options, memoryLimitMiB });
}

function recordOf<Key extends string, Value>(keys: readonly Key[], make: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Value>;
}
