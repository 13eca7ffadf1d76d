/** A log, opened once for all that is done with it. */
import type { Declaration } from '../config/declaration.ts';
import { type CheckedLog, type CheckOptions, checkLog } from './check/log.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { openSource } from './source/source.ts';

/**
 * A log whose source was read from end to end: its checked and prepared rows lie in the database's scratch space, and all
 * further questions are put to them.
 */
export interface OpenedLog {
  readonly database: Database;
  readonly log: CheckedLog;
  /** When its opening began, by `performance.now()`. */
  readonly began: number;
}

export interface OpenLogOptions extends DatabaseOptions, CheckOptions {
  readonly declaration: Declaration;
  /** A file, folder or glob of Parquet or CSV. */
  readonly dataPath: string;
  /** Folder that a relative path of the log starts from. @default the process's */
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/**
 * Opens a log for some work, and removes what was kept of it when the work is done.
 * @throws {DataError} as `openSource` and `checkLog`.
 */
export async function withLog<T>(options: OpenLogOptions, work: (opened: OpenedLog) => Promise<T>): Promise<T> {
  const began = performance.now();
  const { declaration, dataPath, cwd, signal } = options;
  const database = await openDatabase(options);
  try {
    const source = await openSource(database, dataPath, cwd);
    signal?.throwIfAborted();
    const log = await checkLog(database, source, declaration, options);
    signal?.throwIfAborted();
    return await work({ database, log, began });
  } finally {
    await database.close();
  }
}
