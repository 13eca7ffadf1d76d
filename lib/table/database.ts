/** The one place where DuckDB is opened, and the few helpers through which it is spoken to. */
import { channel } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api';

/** Every statement is published here as its SQL, before it runs: to count in a test, or to profile. */
export const STATEMENTS = channel('entirespace:statement');

export interface DatabaseOptions {
  readonly threads: number;
  readonly memoryLimitMiB: number;
  /** Folder under which spilled and rewritten data lies while the database is open. */
  readonly scratch: string;
}

/** An in-memory DuckDB and its folder of scratch files. */
export interface Database {
  readonly scratch: string;
  /** A connection of its own: a streamed result occupies the one it came from. The caller closes it. */
  connect(): Promise<DuckDBConnection>;
  /** A name for a table, type or scratch file that nothing else in this database has. */
  uniqueName(prefix: string): string;
  /** Frees the memory and removes the scratch files. */
  close(): Promise<void>;
}

export async function openDatabase({ threads, memoryLimitMiB, scratch }: DatabaseOptions): Promise<Database> {
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
  const database = connectable(instance, folder);
  await execute(database, "SET GLOBAL TimeZone = 'UTC'");
  // Joins must keep the rows on the probe side, whatever the sizes: the order of the rows depends on it.
  await execute(database, "SET GLOBAL disabled_optimizers = 'join_order,build_side_probe_side'");
  return database;
}

/** Runs a statement for its effect. */
export async function execute(database: Database, sql: string): Promise<void> {
  STATEMENTS.publish(sql);
  await withConnection(database, (connection) => connection.run(sql));
}

/** The rows of a small result, column values as JavaScript has them (BIGINT as bigint). */
export function query(database: Database, sql: string): Promise<Record<string, JS>[]> {
  STATEMENTS.publish(sql);
  return withConnection(database, async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJS());
}

/** The only row of a result that always has one, such as an aggregate. */
export async function queryOne(database: Database, sql: string): Promise<Record<string, JS>> {
  const [row] = await query(database, sql);
  if (row === undefined) throw new Error('query gave no row, expected one');
  return row;
}

export async function withConnection<T>(
  database: Database,
  use: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await database.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
  }
}

/** A SQL string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A SQL list of string literals. */
export function literals(texts: readonly string[]): string {
  return `[${texts.map(literal).join(', ')}]`;
}

function connectable(instance: DuckDBInstance, scratch: string): Database {
  let names = 0;
  return {
    scratch,
    connect: () => instance.connect(),
    uniqueName(prefix) {
      names += 1;
      return `${prefix}_${names}`;
    },
    async close() {
      instance.closeSync();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
