/** The types of a candidate file's plan, which divides its rows into shards that are scored independently. */
import type { Declaration, EntityTable } from '../../config/declaration.ts';
import type { DataFormat } from '../../contract/bucket.ts';
import type { Column, FileColumn } from '../columns.ts';
import type { Encoder } from '../encoder.ts';
import type { CutLimits, CutOptions, FileCut } from '../formats/format.ts';

/** Everything that scoring a shard must know about its file. It can be written as JSON and read again. */
export interface CandidatePlan extends FileCut {
  readonly format: DataFormat;
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
export interface PlanOptions extends Pick<CutOptions, 'shardRows' | 'savePiece'>, Partial<CutLimits> {
  /** As in `CutOptions`. @default `shardRows` */
  readonly lastRows?: number;
  /** If an encoder and a declaration are given, columns are checked, and only bytes of needed columns are counted. */
  readonly encoder?: Pick<Encoder, 'features' | 'embeddings'>;
  readonly declaration?: Pick<Declaration, 'log' | 'csv' | 'scoring' | 'entities'>;
  /** Looks for feature tables with columns that the file lacks. @default the file must have every column */
  readonly findTables?: (columns: readonly FileColumn[]) => Promise<readonly FoundTable[]>;
}
