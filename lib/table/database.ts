/** Opens DuckDB and runs SQL in it. */
import { channel } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api';

/** Publishes the SQL of every statement before it runs, for tests that count statements and for profiling. */
export const STATEMENTS = channel('entirespace:statement');

/** What a database may use. */
export interface DatabaseOptions {
  readonly threads: number;
  readonly memoryLimitMiB: number;
  /** Folder in which the database creates a folder for temporary files: spilled memory and rewritten data. */
  readonly scratch: string;
  /** Whether `share` is asked for. DuckDB counts the rows that it reads only if it is told to. @default false */
  readonly isWatched?: boolean;
}

/**
 * How many scans of files a statement reads its rows by, one after the other; `null` where a join comes first, which
 * DuckDB counts the rows of.
 */
export type Scans = number | null;

/** An in-memory DuckDB and its folder of temporary files. */
export interface Database {
  /** Folder of this database's temporary files. */
  readonly scratch: string;
  /** Opens a connection, which the caller must close. A streamed result needs a connection to itself. */
  connect(): Promise<DuckDBConnection>;
  /** Runs work with a connection that no other work has meanwhile. */
  withConnection<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /**
   * Share of its rows, from 0 to 1, that the statement under way has read on the connection that `withConnection` gave
   * last; `null` while none is under way.
   * @param scans how many scans it reads them by, as `Source.scans`
   */
  share(scans?: Scans): number | null;
  /** Returns a name for a table, type or temporary file that is not used in this database yet. */
  uniqueName(prefix: string): string;
  /** Frees the memory and removes the temporary files. */
  close(): Promise<void>;
}

/** Opens an in-memory DuckDB that keeps the order of rows, takes times as UTC, and loads no extensions. */
export async function openDatabase({
  threads,
  memoryLimitMiB,
  scratch,
  isWatched = false,
}: DatabaseOptions): Promise<Database> {
  const folder = await mkdtemp(join(scratch, 'table-'));
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryLimitMiB}MiB`,
    temp_directory: folder,
    home_directory: folder,
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const database = databaseOf(instance, folder, isWatched);
  await execute(database, "SET GLOBAL TimeZone = 'UTC'");
  // Rows keep their order only if joins read them on the probe side. By default DuckDB chooses the side by size.
  await execute(database, "SET GLOBAL disabled_optimizers = 'join_order,build_side_probe_side'");
  return database;
}

/** Runs a statement and ignores its result. */
export async function execute(database: Database, sql: string): Promise<void> {
  STATEMENTS.publish(sql);
  await withConnection(database, (connection) => connection.run(sql));
}

/** Returns the rows of a small result as objects with JavaScript values (BIGINT as bigint). */
export function query(database: Database, sql: string): Promise<Record<string, JS>[]> {
  STATEMENTS.publish(sql);
  return withConnection(database, async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJS());
}

/**
 * Returns the only row of a result that always has one, such as an aggregate.
 * @throws {Error} if there is no row.
 */
export async function queryOne(database: Database, sql: string): Promise<Record<string, JS>> {
  const [row] = await query(database, sql);
  if (row === undefined) throw new Error('query gave no row, expected one');
  return row;
}

/** Runs work with a connection that no other work has meanwhile. */
export function withConnection<T>(database: Database, use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  return database.withConnection(use);
}

/** Runs work, and then what cleans up after it. If both fail, the error is that of the work. */
export async function withCleanup<T>(work: () => Promise<T>, cleanup: () => Promise<void>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await cleanup().catch(() => undefined);
    throw error;
  }
  await cleanup();
  return result;
}

/** Returns a text as a SQL string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Returns a name as a quoted SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns texts as a SQL list of string literals. */
export function literals(texts: readonly string[]): string {
  return `[${texts.map(literal).join(', ')}]`;
}

/** Settings of a connection that counts the rows it reads, from the first one on, and draws no bar itself. */
const COUNTING = ['enable_progress_bar = true', 'enable_progress_bar_print = false', 'progress_bar_time = 0'];

async function counting(connection: DuckDBConnection): Promise<DuckDBConnection> {
  for (const setting of COUNTING) await connection.run(`SET ${setting}`);
  return connection;
}

function databaseOf(instance: DuckDBInstance, scratch: string, isWatched: boolean): Database {
  let names = 0;
  // A small statement takes less time than to open a connection for it.
  const idle: DuckDBConnection[] = [];
  const busy: DuckDBConnection[] = [];
  const connect = async () => {
    const connection = await instance.connect();
    return isWatched ? counting(connection) : connection;
  };
  return {
    scratch,
    connect: () => instance.connect(),
    async withConnection(use) {
      const connection = idle.pop() ?? (await connect());
      busy.push(connection);
      try {
        const result = await use(connection);
        idle.push(connection);
        return result;
      } catch (error) {
        connection.closeSync();
        throw error;
      } finally {
        busy.splice(busy.indexOf(connection), 1);
      }
    },
    share(scans = 1) {
      const progress = busy.at(-1)?.progress;
      // There are no rows without a statement, at the very beginning of one, and at its end.
      if (progress === undefined || progress.total_rows_to_process === 0n) return null;
      const share = progress.percentage / 100;
      // DuckDB weighs each pipeline of a statement by the rows that it expects, or by 1 where it expects none, as it
      // mostly does without its optimizer of joins. Pipelines that scan come first: up to their number, weights are 1.
      const weight = share * Number(progress.total_rows_to_process);
      return scans !== null && weight <= scans ? weight / scans : share;
    },
    uniqueName(prefix) {
      names += 1;
      return `${prefix}_${names}`;
    },
    async close() {
      for (const connection of idle.splice(0)) connection.closeSync();
      instance.closeSync();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
