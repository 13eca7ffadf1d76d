/** Files of encoded rows, as Parquet: one column for each input, coefficient, number, label and weight. */
import { rm } from 'node:fs/promises';
import { type FilledColumn, tableOfColumns } from '../table/append-columns.ts';
import { type Database, execute, identifier } from '../table/database.ts';
import { writePath } from '../table/paths.ts';
import {
  columnsOf,
  emptyColumns,
  type FileColumn,
  type FileColumns,
  type FileLayout,
} from '../training/rows/column-file.ts';
import type { FillRows } from '../training/rows/column-file-writer.ts';
import type { CacheGroup } from '../training/rows/window.ts';

/** Rows that are in memory as plain columns at once. */
const BATCH_ROWS = 2 ** 16;

/** What the names of columns begin with, by group. */
const PREFIXES: Readonly<Record<CacheGroup, string>> = {
  ids: 'ids',
  coefficients: 'coefficients',
  numbers: 'number',
  labels: 'label',
  weights: 'weight',
  groups: 'group',
};

/** A database whose files have the same bytes each time: with several threads, they would depend on which is faster. */
export const WRITING_THREADS = 1;

/**
 * Writes rows to one file after the other: `ids/<input>` (INT32, or a list of them), `coefficients/<input>`,
 * `number/<input>`, `label/<target>` and `weight/<target>` (FLOAT, or a list). Weights are divided by their mean, so that
 * the mean over all rows of a part is 1, and are 0 where a label is unknown.
 */
export class ShardFileWriter {
  readonly #database: Database;
  readonly #layout: FileLayout<CacheGroup>;
  readonly #meanWeight: number;
  readonly #columns: FileColumns<CacheGroup>;
  #filled = 0;
  #rows = 0;
  #tables: string[] = [];

  /** @param database of `WRITING_THREADS` threads */
  constructor(database: Database, layout: FileLayout<CacheGroup>, meanWeight: number) {
    this.#database = database;
    this.#layout = layout;
    this.#meanWeight = meanWeight;
    this.#columns = emptyColumns(layout, BATCH_ROWS);
  }

  /** Adds rows of a chunk, which `fill` reads, to the file under way. */
  async append(rows: Uint32Array, fill: FillRows<CacheGroup>): Promise<void> {
    for (let from = 0; from < rows.length; ) {
      const fitting = rows.subarray(from, from + BATCH_ROWS - this.#filled);
      fill(fitting, this.#columns, this.#filled);
      from += fitting.length;
      this.#filled += fitting.length;
      if (this.#filled === BATCH_ROWS) await this.#flush();
    }
  }

  /** Writes the file under way, if it has rows, and returns how many. */
  async finish(path: string): Promise<number> {
    await this.#flush();
    const rows = this.#rows;
    if (rows > 0) await this.#copy(path);
    this.#rows = 0;
    return rows;
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    if (this.#meanWeight !== 1)
      for (const weights of Object.values(this.#columns.weights))
        for (let row = 0; row < this.#filled; row++) weights[row] = (weights[row] as number) / this.#meanWeight;
    const plain = columnsOf(this.#layout, this.#columns).flatMap((column) => plainColumns(column, this.#filled));
    this.#tables.push(await tableOfColumns(this.#database, plain, this.#filled));
    this.#rows += this.#filled;
    this.#filled = 0;
  }

  async #copy(path: string): Promise<void> {
    const columns = columnsOf(this.#layout, this.#columns).map(
      (column) => `${valueSql(column)} AS ${columnName(column)}`,
    );
    const all = this.#tables.map((table) => `SELECT ${columns.join(', ')} FROM ${table}`).join(' UNION ALL ');
    await rm(path, { force: true });
    await execute(
      this.#database,
      `COPY (${all}) TO ${writePath(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    );
    for (const table of this.#tables) await execute(this.#database, `DROP TABLE ${table}`);
    this.#tables = [];
  }
}

type Column = FileColumn<CacheGroup>;

function columnName({ group, name }: Pick<Column, 'group' | 'name'>): string {
  return identifier(`${PREFIXES[group]}/${name}`);
}

/** Columns of a table, in which a list has one for each place. */
function plainColumns(column: Column, rows: number): FilledColumn[] {
  const { length, values } = column;
  return Array.from({ length }, (_, place): FilledColumn => {
    const name = plainName(column, place);
    return values instanceof Int32Array
      ? { name, type: 'INTEGER', values: length === 1 ? values : everyNth(values, new Int32Array(rows), place, length) }
      : {
          name,
          type: 'FLOAT',
          values: length === 1 ? values : everyNth(values, new Float32Array(rows), place, length),
        };
  });
}

function plainName({ group, name }: Column, place: number): string {
  return `${group}/${name}/${place}`;
}

function valueSql(column: Column): string {
  const names = Array.from({ length: column.length }, (_, place) => identifier(plainName(column, place)));
  return column.length === 1 ? (names[0] as string) : `[${names.join(', ')}]`;
}

function everyNth<T extends Int32Array | Float32Array>(from: T, into: T, first: number, step: number): T {
  for (let i = 0; i < into.length; i++) into[i] = from[first + i * step] as number;
  return into;
}
