/** What a file format must define to be read: as a log, and shard by shard as candidates. */
import type { CsvChoice } from '../../config/declaration.ts';
import type { FileColumn, Relation, TextRules } from '../columns.ts';
import type { Database } from '../database.ts';
import type { RunPart } from '../log-progress.ts';
import type { ByteRange, CandidateFile } from './candidate-file.ts';
import type { Dialect } from './csv/dialect.ts';

/** The reader of a format. Its functions throw a `DataError` if a file cannot be used. */
export interface Format {
  /** Name of the format in messages. */
  readonly title: string;
  /** Whether every column is text because the format has no types. */
  readonly isText: boolean;
  /** Refuses a file whose first four bytes (or fewer, if it is shorter) are not of the format that its name says. */
  assertHead(head: Buffer, name: string): void;
  /**
   * Opens files of a log, whose rows are counted from `firstRow` where they are malformed. All but Parquet is converted
   * to Parquet, each file as a part of `run` by its share of their bytes.
   */
  openLog(database: Database, files: readonly LogFile[], options: OpenFilesOptions): Promise<OpenedFiles>;
  /** Divides a candidate file into shards. */
  cut(database: Database, file: CandidateFile, options: CutOptions): Promise<FileCut>;
  /** Opens a shard, whose rows have their positions in the file. Fails if the file has changed since it was cut. */
  openShard(options: ShardOptions): Promise<OpenShard>;
}

/** How files of a log are opened. */
export interface OpenFilesOptions {
  readonly csv: CsvChoice;
  readonly firstRow: number;
  readonly run: RunPart;
}

/** A local file of a log. */
export interface LogFile {
  /** Path from the folder that relative paths start from, for messages. */
  readonly name: string;
  /** Path from the working directory of the process. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A file of a log, which can be read. */
export interface OpenedFile {
  /** Path as in `LogFile.name`. */
  readonly path: string;
  /** Path of the Parquet file that is read: the file itself or, for other formats, the converted one. */
  readonly parquet: string;
  readonly rows: number;
  readonly columns: readonly FileColumn[];
}

/** The files of a log, which can be read. */
export interface OpenedFiles {
  readonly files: readonly OpenedFile[];
  /** SQL name of the table of malformed records (row, reason, value); `null` if there are none. */
  readonly malformedTable: string | null;
  /** What a user should know of how the files are read, a sentence each. */
  readonly notes: readonly string[];
}

/** Consecutive rows of a candidate file, which are scored together. */
export interface Shard {
  readonly index: number;
  /** Position of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** The bytes of the rows; only for plain UTF-8. */
  readonly bytes?: ByteRange;
  /** Name that `savePiece` returned for the uncompressed rows; only for gzip and other encodings. */
  readonly piece?: string;
  /** Whether DuckDB reads the rows as they are written, so that they need not be scanned again; only of CSV. */
  readonly isClean?: true;
}

/** A candidate file divided into shards. It can be written as JSON and read again. */
export interface FileCut {
  readonly columns: readonly FileColumn[];
  /** Size of the file in bytes. */
  readonly size: number;
  readonly rows: number;
  /** Dialect of a CSV file; `null` for other formats. */
  readonly dialect: Dialect | null;
  readonly shards: readonly Shard[];
  /** What a user should know of how the file is read, a sentence each. */
  readonly notes: readonly string[];
}

/** What a candidate file, or a shard of it, may have. */
export interface CutLimits {
  /**
   * Bytes of the file, at most, that a shard may need on the local disk.
   * @default 1 GiB
   */
  readonly maxShardBytes: number;
  /**
   * Uncompressed bytes, at most, of CSV in gzip.
   * @default 4 GiB: one function call reads the file from its beginning and has five minutes for it. On two busy cores
   * that took a minute and a half, including the upload of the pieces, and three minutes with rows of 13 bytes.
   */
  readonly maxUnzippedBytes: number;
  /**
   * Bytes, at most, of CSV that is not compressed.
   * @default no limit: a scan without a time limit may take as long as it needs
   */
  readonly maxCsvBytes: number;
}

/** How a candidate file is divided. */
export interface CutOptions extends CutLimits {
  /** First bytes of the file, which `assertHead` has checked. */
  readonly head: Buffer;
  /** How CSV is written, as far as it is declared. */
  readonly csv: CsvChoice;
  /** Rows of a shard, at most. */
  readonly shardRows: number;
  /** Rows of the last of several shards of a file whose end is known before it is read, at most twice as many. */
  readonly lastRows: number;
  /** Saves a local file with the uncompressed rows of one shard of CSV in gzip, and returns its name. */
  readonly savePiece?: (index: number, path: string) => Promise<string>;
  /** Returns the names of those columns of the file that scoring reads. */
  neededColumns(columns: readonly FileColumn[]): string[];
  /** Whether columns of integers shall have their bounds, where the file has them. @default false */
  readonly needsBounds?: boolean;
}

/** Which shard is opened, and what is needed of it. */
export interface ShardOptions {
  readonly database: Database;
  /** The candidate file; if the shard has a `piece`, that piece. */
  readonly file: CandidateFile;
  readonly plan: FileCut;
  readonly shard: Shard;
  /** What the texts in the file mean. */
  readonly texts: TextRules;
  /** Names of the columns that scoring reads. */
  readonly needed: readonly string[];
}

/** A shard that can be read. */
export interface OpenShard {
  readonly relation: Relation;
  /** Removes the files and tables that opening created. */
  remove(): Promise<void>;
}
