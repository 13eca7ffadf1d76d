/** The good rows of a log as plain data, by which other processes and machines can encode some of them. */
import { delayedStages } from '../check/delays.ts';
import { labelledStages } from '../check/labels.ts';
import { goodLogRows, type PreparedLog } from '../check/prepared-rows.ts';
import type { Database } from '../database.ts';
import type { Encoder } from '../encoder.ts';
import type { ByteRange } from '../formats/candidate-file.ts';
import { footerLength, parquetScan, readGroupBytes } from '../formats/parquet/file.ts';

/** The good rows of a log, with what is read of them. */
export interface LogRows {
  /** File of the prepared rows. */
  readonly path: string;
  /** SQL after FROM that reads the good ones from that file, in the log's order. */
  readonly from: string;
  /** Names of the labelled stages. */
  readonly stages: readonly string[];
  /** Names of the stages whose delays are known. */
  readonly delayed: readonly string[];
  readonly hasGroups: boolean;
}

/**
 * Returns the good rows of a log.
 * @throws {RangeError} if they were prepared without these features.
 */
export function logRows(log: PreparedLog, features: Encoder['features']): LogRows {
  return {
    path: log.prepared.path,
    from: goodLogRows(log, features),
    stages: labelledStages(log.declaration).map(({ name }) => name),
    delayed: delayedStages(log.declaration).map(({ name }) => name),
    hasGroups: log.declaration.log.group !== null,
  };
}

/** Returns the same rows, read from a copy of their file. @param copy an absolute path */
export function rowsIn({ path, from, ...rest }: LogRows, copy: string): LogRows {
  return { ...rest, path: copy, from: from.replace(parquetScan([path]), () => parquetScan([copy])) };
}

/** Where some rows are in the file of a log's rows. */
export interface RowBytes {
  /** Bytes that reading any of the rows needs. */
  readonly footer: ByteRange;
  /** Returns the bytes of the row groups that have any of the rows from one position in the log to before another. */
  readonly of: (from: number, to: number) => ByteRange;
}

/** Finds where rows are in their file. Its row groups are in the log's order, one after the other. */
export async function findRowBytes(database: Database, { path }: LogRows, size: number): Promise<RowBytes> {
  const groups = await readGroupBytes(database, path, '#row');
  return {
    footer: { start: size - (await footerLength(path)), end: size },
    of(from, to) {
      const own = groups.filter(({ least, greatest }) => least < to && greatest >= from);
      return { start: own[0]?.start ?? 0, end: own.at(-1)?.end ?? 0 };
    },
  };
}
