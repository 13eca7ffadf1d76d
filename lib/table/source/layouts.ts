/** Files of a log grouped by their columns, and where each of them has a column that is asked for. */
import { sameColumn } from '../../config/names.ts';
import { byPosition, type Column, columnValue, findColumn, type TextRules, type Value } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { DataError } from '../errors.ts';
import type { OpenedFile } from '../formats/format.ts';
import { positionalScan } from '../formats/parquet/file.ts';
import { pathColumns } from '../path-columns.ts';

/** Files that have the same columns, of the same types, in the same order. */
export interface Layout {
  readonly files: readonly OpenedFile[];
  readonly columns: readonly Column[];
  /** Names of the columns in the paths of the files, which the files do not have themselves. */
  readonly pathNames: readonly string[];
}

/** Groups files by their columns, in the order of the first file of each group. */
export function layoutsOf(files: readonly OpenedFile[]): Layout[] {
  const groups = new Map<string, OpenedFile[]>();
  for (const file of files) {
    const key = JSON.stringify([file.columns, pathColumns(file.path, file.columns).map(({ name }) => name)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [OpenedFile, ...OpenedFile[]];
    const pathNames = pathColumns(first.path, first.columns).map(({ name }) => name);
    return { files: group, columns: byPosition(first.columns), pathNames };
  });
}

/** Where the files of a layout have a column. */
export type Place =
  | { readonly in: 'file'; readonly column: Column; readonly value: Value }
  | { readonly in: 'path'; readonly name: string; readonly value: Value }
  /** No file of the layout has a value, or none has the column. */
  | { readonly in: 'nowhere'; readonly isAbsent: boolean };

/** How columns are found in a layout. */
export interface PlacesOptions {
  readonly needed: ReadonlySet<string>;
  /** Whether text columns need not be looked at: there are no others, because the format has no types. */
  readonly isKnown: boolean;
  /** What texts mean. */
  readonly rules: TextRules;
}

/**
 * Finds columns in a layout. One without a value is nowhere, whatever its type is; bytes are text.
 * @throws {DataError} `columns_repeated`, or `column_types` for bytes that are not text, of a column that is needed.
 */
export async function placesOf(
  database: Database,
  layout: Layout,
  names: readonly string[],
  { needed, isKnown, rules }: PlacesOptions,
): Promise<ReadonlyMap<string, Place>> {
  const { files, columns, pathNames } = layout;
  const file = { columns, name: files[0]?.path ?? '' };
  const own = new Map(
    names.map((name) => [name, isClear(file, name) || needed.has(name) ? findColumn(file, name) : undefined]),
  );
  // Text without a type is taken for any, so that it matters only beside files with types whether there is a value.
  const found = [...new Set(own.values())].flatMap((column) =>
    column === undefined || (isKnown && column.type === 'VARCHAR') ? [] : column,
  );
  const empty = await emptyColumns(database, layout, found);
  for (const name of needed) {
    const column = own.get(name);
    if (column?.type.startsWith('BLOB') && !empty.has(column)) await assertText(database, layout, column);
  }
  const paths = pathNames.map((name) => ({ name, type: 'VARCHAR' }));
  return new Map(
    names.map((name): [string, Place] => {
      const column = own.get(name);
      if (column === undefined) {
        const path = findColumn({ columns: paths, name: file.name }, name);
        if (path === undefined) return [name, { in: 'nowhere', isAbsent: true }];
        return [name, { in: 'path', name: path.name, value: columnValue({ ...path, sql: '' }, rules) }];
      }
      if (empty.has(column)) return [name, { in: 'nowhere', isAbsent: false }];
      return [name, { in: 'file', column, value: columnValue(column, rules) }];
    }),
  );
}

/** Whether at most one column is meant by a name. */
function isClear({ columns }: { readonly columns: readonly Column[] }, name: string): boolean {
  const exact = columns.filter((column) => column.name === name);
  const found = exact.length > 0 ? exact : columns.filter((column) => sameColumn(column.name, name));
  return found.length <= 1;
}

/**
 * Returns the names of columns: those that are given, then all others of the layouts, without those that differ from one
 * before in case alone.
 */
export function namesOf(layouts: readonly Layout[], given: readonly string[]): string[] {
  const names = new Set(given);
  const lower = new Set(given.map((name) => name.toLowerCase()));
  for (const { columns, pathNames } of layouts) {
    const own = [...columns.map(({ name }) => name), ...pathNames];
    const times = new Map<string, number>();
    for (const name of own) times.set(name.toLowerCase(), (times.get(name.toLowerCase()) ?? 0) + 1);
    for (const name of own) {
      const isKnown = lower.has(name.toLowerCase()) && times.get(name.toLowerCase()) === 1;
      if (!isKnown) names.add(name);
      lower.add(name.toLowerCase());
    }
  }
  return [...names];
}

/** Rows of a layout that are read to find that its columns have values. */
const SAMPLE_ROWS = 2048;

/** Returns the columns that have no value in any file of a layout. */
async function emptyColumns(database: Database, layout: Layout, columns: readonly Column[]): Promise<Set<Column>> {
  if (columns.length === 0) return new Set();
  const scan = scanOf(layout);
  const sample = `(SELECT ${columns.map(({ sql }) => sql).join(', ')} FROM ${scan} LIMIT ${SAMPLE_ROWS})`;
  const counts = columns.map(({ sql }) => `count(${sql}) AS ${sql}`).join(', ');
  const counted = await queryOne(database, `SELECT ${counts} FROM ${sample}`);
  const empty = new Set<Column>();
  for (const column of columns.filter(({ sql }) => Number(counted[sql]) === 0))
    if (!(await exists(database, scan, `${column.sql} IS NOT NULL`))) empty.add(column);
  return empty;
}

/** Refuses bytes that are not text. */
async function assertText(database: Database, layout: Layout, { name, type, sql }: Column): Promise<void> {
  const isOther = (bytes: string) => `${bytes} IS NOT NULL AND TRY(decode(${bytes})) IS NULL`;
  const values = type === 'BLOB' ? `SELECT ${sql} AS value` : `SELECT unnest(${sql}) AS value`;
  if (await exists(database, `(${values} FROM ${scanOf(layout)})`, isOther('value')))
    throw new DataError(
      'column_types',
      `column ${name} has bytes that are not text in UTF-8: write it as text, such as hexadecimal (in ${layout.files[0]?.path})`,
    );
}

function scanOf({ files, columns }: Layout): string {
  return positionalScan(
    files.map(({ parquet }) => parquet),
    columns,
  );
}

async function exists(database: Database, scan: string, condition: string): Promise<boolean> {
  const { found } = await queryOne(database, `SELECT EXISTS (SELECT 1 FROM ${scan} WHERE ${condition}) AS found`);
  return found === true;
}
