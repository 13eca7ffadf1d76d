import { DuckDBInstance } from '@duckdb/node-api';

/** A lock that this process holds. */
export interface FileLock {
  release(): void;
}

/**
 * Locks a file, which is created where it is absent. The operating system releases the lock when the process ends,
 * however it ends. Node.js has no locks of files, but DuckDB locks the file of a database for as long as it is open,
 * by fcntl(2) or its like. A process that holds a lock must not ask for it again: that would release it.
 * @throws {Error} if another process holds it, or the file system has no locks.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const instance = await DuckDBInstance.create(path, { threads: '1' });
  return { release: () => instance.closeSync() };
}
