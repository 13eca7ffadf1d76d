/** Opens a log once for everything that is done with it. */
import type { Declaration } from '../config/declaration.ts';
import { type CheckedLog, type CheckOptions, checkLog } from './check/log.ts';
import { logColumns } from './check/required-columns.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import type { OnLogProgress } from './log-progress.ts';
import { openSource } from './source/source.ts';

/**
 * A log whose source has been read once. Everything else is read from its checked and prepared rows in the database.
 */
export interface OpenedLog {
  readonly database: Database;
  readonly log: CheckedLog;
  /** Time at which opening began, by `performance.now()`. */
  readonly began: number;
}

/** Which log is opened, by which declaration, and how. */
export interface OpenLogOptions extends Omit<DatabaseOptions, 'isWatched'>, CheckOptions {
  readonly declaration: Declaration;
  /** A file, folder or glob of Parquet or CSV, or several that are read as one log. */
  readonly dataPath: string | readonly string[];
  /** Folder that a relative `dataPath` starts from. @default the working directory */
  readonly cwd?: string;
  /** Called in the phases that read the log; `fitEncoder` has one of its own. */
  readonly onProgress?: OnLogProgress;
  readonly signal?: AbortSignal;
}

/**
 * Opens a log, runs work on it, and removes its temporary files afterwards.
 * @throws {DataError} as `openSource` and `checkLog`.
 */
export async function withLog<T>(options: OpenLogOptions, work: (opened: OpenedLog) => Promise<T>): Promise<T> {
  const began = performance.now();
  const { declaration, dataPath, cwd, signal } = options;
  const database = await openDatabase({ ...options, isWatched: options.onProgress !== undefined });
  try {
    const source = await openSource(database, dataPath, {
      cwd,
      csv: declaration.csv,
      needed: logColumns(declaration),
      outputs: options.rejectsPath === undefined ? [] : [options.rejectsPath],
      onProgress: options.onProgress,
    });
    signal?.throwIfAborted();
    const log = await checkLog(database, source, declaration, options);
    signal?.throwIfAborted();
    return await work({ database, log, began });
  } finally {
    await database.close();
  }
}
