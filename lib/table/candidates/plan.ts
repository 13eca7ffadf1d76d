/** The types of a candidate file's plan, which divides its rows into shards that are scored independently. */
import type { Declaration, EntityTable } from '../../config/declaration.ts';
import type { Column } from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import type { ByteRange } from '../source/candidate-file.ts';
import type { Dialect } from '../source/csv-dialect.ts';
import type { Format } from '../source/source.ts';

/** Consecutive rows of a candidate file, which are scored together. */
export interface Shard {
  readonly index: number;
  /** Position of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** The bytes of the rows; only for CSV that is not compressed. */
  readonly bytes?: ByteRange;
  /** Name that `savePiece` returned for the uncompressed rows; only for CSV in gzip. */
  readonly piece?: string;
}

/** Everything that scoring a shard must know about its file. It can be written as JSON and read again. */
export interface CandidatePlan {
  readonly format: Format;
  readonly columns: readonly Column[];
  /** Size of the file in bytes. */
  readonly size: number;
  readonly rows: number;
  /** Dialect of a CSV file; `null` for Parquet. */
  readonly dialect: Dialect | null;
  readonly shards: readonly Shard[];
  /** Feature tables with columns that the file lacks; absent if no table is needed. */
  readonly featureTables?: readonly PinnedTable[];
}

/** A feature table as it was when the file was planned: its manifest, which has the versions of all its files. */
export interface PinnedTable {
  readonly entity: EntityTable['entity'];
  readonly manifestKey: string;
  readonly versionId: string;
}

/** The result of looking for the feature table of an entity. */
export interface FoundTable {
  readonly entity: EntityTable;
  /** Location of the table, or that there is none, for messages. */
  readonly place: string;
  /** Columns that the file lacks and the table has. */
  readonly columns: readonly Column[];
  /** The table; `null` if there is none. */
  readonly pin: PinnedTable | null;
}

/** How a candidate file is planned. */
export interface PlanOptions {
  /** Rows of a shard, at most. */
  readonly shardRows: number;
  /** With an encoder and a declaration, columns are checked, and only the bytes of needed columns count. */
  readonly encoder?: Pick<Encoder, 'features'>;
  readonly declaration?: Pick<Declaration, 'log' | 'scoring' | 'entities'>;
  /**
   * Bytes of the file, at most, that a shard may need on the local disk.
   * @default 1 GiB
   */
  readonly maxShardBytes?: number;
  /**
   * Uncompressed bytes, at most, of CSV in gzip.
   * @default 4 GiB: one function call reads the file from its beginning and has five minutes for it. On two busy cores
   * that took a minute and a half, including the upload of the pieces, and three minutes with rows of 13 bytes.
   */
  readonly maxUnzippedBytes?: number;
  /**
   * Bytes, at most, of CSV that is not compressed.
   * @default no limit: a scan without a time limit may take as long as it needs
   */
  readonly maxCsvBytes?: number;
  /** Saves a local file with the uncompressed rows of one shard of CSV in gzip, and returns its name. */
  readonly savePiece?: (index: number, path: string) => Promise<string>;
  /** Looks for feature tables with columns that the file lacks. @default the file must have every column */
  readonly findTables?: (columns: readonly Column[]) => Promise<readonly FoundTable[]>;
}
