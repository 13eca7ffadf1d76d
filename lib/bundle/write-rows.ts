/** The encoded rows of a bundle, as Parquet files: one column for each input, coefficient, number, label and weight. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch } from '../engine/engine.ts';
import { type FilledColumn, tableOfColumns } from '../table/append-columns.ts';
import { type Database, execute, identifier } from '../table/database.ts';
import { writePath } from '../table/paths.ts';
import type { RowCache } from '../training/rows/row-cache.ts';
import type { BundleRows } from './format.ts';

/** Rows of a file. */
const FILE_ROWS = 2 ** 20;
/** Rows that are in memory as plain columns at once. */
const BATCH_ROWS = 2 ** 16;

/** Where rows are written, and how far that is. */
export interface WriteRowsOptions {
  readonly folder: string;
  /** What the paths of the files begin with. */
  readonly prefix: string;
  readonly onRows?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes all rows of a cache, in the log's order, as `<prefix>-00000.parquet` and so on: `ids/<input>` (INT32, or a list of
 * them), `coefficients/<input>`, `number/<input>`, `label/<target>` and `weight/<target>` (FLOAT). Weights have the mean 1
 * over the training rows, and are 0 where a label is unknown.
 */
export async function writeRows(database: Database, cache: RowCache, options: WriteRowsOptions): Promise<BundleRows> {
  const files: BundleRows['files'][number][] = [];
  let pending: string[] = [];
  let rows = 0;
  const close = async () => {
    if (rows === 0) return;
    const path = `${options.prefix}-${String(files.length).padStart(5, '0')}.parquet`;
    await copyTables(database, pending, join(options.folder, path));
    files.push({ path, rows });
    [pending, rows] = [[], 0];
  };
  for await (const batch of cache.batches(BATCH_ROWS)) {
    options.signal?.throwIfAborted();
    pending.push(await tableOf(database, batch));
    rows += batch.rows;
    options.onRows?.(batch.rows);
    if (rows + BATCH_ROWS > FILE_ROWS) await close();
  }
  await close();
  return { rows: cache.rows, files };
}

/** A column of the file, made of plain columns: one, or one for each value of a list. */
interface ListColumn {
  readonly name: string;
  readonly length: number;
}

async function tableOf(database: Database, batch: Batch): Promise<string> {
  const plain: FilledColumn[] = [];
  const lists: ListColumn[] = [];
  const add = (name: string, values: Int32Array | Float32Array) => {
    const length = values.length / batch.rows;
    lists.push({ name, length });
    for (let k = 0; k < length; k++) plain.push(plainColumn(`${name}/${k}`, values, { k, length, rows: batch.rows }));
  };
  for (const [name, values] of Object.entries(batch.ids)) add(`ids/${name}`, values);
  for (const [name, values] of Object.entries(batch.coefficients)) add(`coefficients/${name}`, values);
  for (const [name, values] of Object.entries(batch.numbers)) add(`number/${name}`, values);
  for (const [name, values] of Object.entries(batch.labels)) add(`label/${name}`, values);
  // A batch has its weights divided by its rows.
  for (const [name, values] of Object.entries(batch.weights))
    add(
      `weight/${name}`,
      values.map((value) => value * batch.rows),
    );
  const columns = await tableOfColumns(database, plain, batch.rows);
  const listed = lists.map(({ name, length }) => `${valueSql(name, length)} AS ${identifier(name)}`);
  const table = database.uniqueName('rows');
  await execute(database, `CREATE TABLE ${table} AS SELECT ${listed.join(', ')} FROM ${columns}`);
  await execute(database, `DROP TABLE ${columns}`);
  return table;
}

function valueSql(name: string, length: number): string {
  const names = Array.from({ length }, (_, k) => identifier(`${name}/${k}`));
  return length === 1 ? (names[0] as string) : `[${names.join(', ')}]`;
}

function plainColumn(
  name: string,
  values: Int32Array | Float32Array,
  { k, length, rows }: { readonly k: number; readonly length: number; readonly rows: number },
): FilledColumn {
  if (values instanceof Int32Array)
    return { name, type: 'INTEGER', values: everyNth(values, new Int32Array(rows), k, length) };
  return { name, type: 'FLOAT', values: everyNth(values, new Float32Array(rows), k, length) };
}

function everyNth<T extends Int32Array | Float32Array>(from: T, into: T, first: number, step: number): T {
  for (let i = 0; i < into.length; i++) into[i] = from[first + i * step] as number;
  return into;
}

async function copyTables(database: Database, tables: readonly string[], path: string): Promise<void> {
  const all = tables.map((table) => `SELECT * FROM ${table}`).join(' UNION ALL ');
  await rm(path, { force: true });
  await execute(
    database,
    `COPY (${all}) TO ${writePath(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  for (const table of tables) await execute(database, `DROP TABLE ${table}`);
}
