/** The plan of a candidate file: how it is cut into shards of rows, each scored on its own. Types alone. */
import type { Declaration, EntityTable } from '../../config/declaration.ts';
import type { Column } from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import type { ByteRange } from '../source/candidate-file.ts';
import type { Dialect } from '../source/csv-dialect.ts';
import type { Format } from '../source/source.ts';

/** A range of a file's rows. */
export interface Shard {
  readonly index: number;
  /** Position of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** Where the rows lie in a CSV file. */
  readonly bytes?: ByteRange;
  /** Name, as `savePiece` gave it, of the uncompressed rows of a gzip file. */
  readonly piece?: string;
}

/** Everything that scoring a shard needs to know of the file; survives JSON. */
export interface CandidatePlan {
  readonly format: Format;
  readonly columns: readonly Column[];
  /** Bytes of the file. */
  readonly size: number;
  readonly rows: number;
  /** Dialect of a CSV file; `null` for Parquet. */
  readonly dialect: Dialect | null;
  readonly shards: readonly Shard[];
  /** Tables that give the columns which the file lacks; absent where it lacks none. */
  readonly featureTables?: readonly PinnedTable[];
}

/** A feature table as it was when the file was planned: its manifest, which names the versions of all its files. */
export interface PinnedTable {
  readonly entity: EntityTable['entity'];
  readonly manifestKey: string;
  readonly versionId: string;
}

/** Where columns that a file lacks were looked for. */
export interface FoundTable {
  readonly entity: EntityTable;
  /** Where the table lies, or that there is none, for messages. */
  readonly place: string;
  /** What the file lacks and the table has. */
  readonly columns: readonly Column[];
  /** `null` where there is no table. */
  readonly pin: PinnedTable | null;
}

export interface PlanOptions {
  /** Rows of a shard, at most. */
  readonly shardRows: number;
  /** Where given, the columns are checked, too. */
  readonly encoder?: Pick<Encoder, 'features'>;
  readonly declaration?: Pick<Declaration, 'log' | 'scoring' | 'entities'>;
  /**
   * Bytes of a file that a shard may need on this disk.
   * @default 1 GiB
   */
  readonly maxShardBytes?: number;
  /**
   * Uncompressed bytes of a gzip file.
   * @default 4 GiB: it is read from its beginning and cut by one function, whose limit is five minutes. On two busy
   * cores that took a minute and a half with the upload of the pieces, and three minutes where rows have 13 bytes.
   */
  readonly maxUnzippedBytes?: number;
  /**
   * Bytes of a CSV file that is not compressed.
   * @default no limit: the one scan may take as long as it needs where no time limit ends it
   */
  readonly maxCsvBytes?: number;
  /** Keeps a local file with the uncompressed rows of one shard of a gzip file, and returns the name it is kept by. */
  readonly savePiece?: (index: number, path: string) => Promise<string>;
  /** Looks for tables, by the file's columns. @default the file must have every column */
  readonly findTables?: (columns: readonly Column[]) => Promise<readonly FoundTable[]>;
}
