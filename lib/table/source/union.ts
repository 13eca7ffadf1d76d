/**
 * The files of a log as one relation, although their columns may differ: in order, in names of another case, in types,
 * and in columns that only some of them have.
 */
import { listed } from '../../numbers/text.ts';
import { type Column, NULL_TYPE, type Relation, type TextRules, type Value } from '../columns.ts';
import type { Database, Scans } from '../database.ts';
import { DataError } from '../errors.ts';
import type { OpenedFile } from '../formats/format.ts';
import { positionalScan } from '../formats/parquet/file.ts';
import { withMalformed } from '../formats/relation.ts';
import { pathColumnSql, pathColumns } from '../path-columns.ts';
import { canonicalText } from '../values/canonical.ts';
import { bagTexts } from '../values/lists.ts';
import { type Layout, layoutsOf, namesOf, type Place, placesOf } from './layouts.ts';

/** What a union of files is. */
export interface UnionOptions {
  /** Names of the columns that are needed. Others are columns as well, unless they cannot be, and nothing is said of them. */
  readonly needed: readonly string[];
  readonly isText: boolean;
  readonly texts: TextRules;
  /** Table of malformed records by row, in the order of the files; `null` if there are none. */
  readonly malformedTable: string | null;
  /** Path for messages. */
  readonly name: string;
}

/** A union of files, and what a user should know of how it was made. */
export interface Union {
  /** The files in the order in which they are read. */
  readonly files: readonly OpenedFile[];
  readonly relation: Relation;
  /** One for each run of files with the same columns. */
  readonly scans: Scans;
  readonly notes: readonly string[];
}

/** A column of the union: its type, and how the files of each layout give it. */
interface UnitedColumn {
  readonly column: Column;
  readonly places: readonly Place[];
  /** Returns the SQL of a value in a file as one of the column's type. */
  readonly read: (value: Value) => string;
}

// Each run of files with the same columns is a scan of its own, and a thousand scans take a second to plan.
const MOST_RUNS = 200;

/**
 * Unites files by the names of their columns. Integers of several types are read as the widest; other types that differ
 * as text, in which the same value is the same. A column that a file lacks is missing in its rows.
 * @throws {DataError} `columns_differ` if a column is a list in one file and none in another, `columns_missing` if a file
 * has none of the columns that others have, `columns_repeated`.
 */
export async function uniteFiles(
  database: Database,
  given: readonly OpenedFile[],
  { needed, isText, texts, malformedTable, name }: UnionOptions,
): Promise<Union> {
  const layouts = layoutsOf(given);
  const isNeeded = new Set(needed);
  const names = namesOf(layouts, [...isNeeded]);
  const places: ReadonlyMap<string, Place>[] = [];
  for (const layout of layouts)
    places.push(
      await placesOf(database, layout, names, {
        needed: isNeeded,
        isKnown: isText && layouts.length === 1,
        rules: texts,
      }),
    );
  const united = names.flatMap((column, index) => {
    const own = places.map((found) => found.get(column) as Place);
    if (own.every(isAbsent)) return [];
    const one = unite(column, own, index);
    if (one === null && isNeeded.has(column)) throw incompatible(column, own, layouts);
    return one ?? [];
  });
  const told = united.filter(({ column }) => isNeeded.has(column.name));
  assertSomeColumns(layouts, told);
  const layoutOf = new Map(layouts.flatMap((layout, index) => layout.files.map((file) => [file, index] as const)));
  const files = inRuns(given, layoutOf, malformedTable !== null);
  const scans = scansOf(files, layouts, layoutOf, united);
  const from = withMalformed(inPairs(scans), malformedTable);
  return {
    files,
    scans: malformedTable === null ? scans.length : null,
    relation: { from, columns: united.map(({ column }) => column), isText, texts, name },
    notes: told.flatMap((column) => notesOf(column, layouts)),
  };
}

function isAbsent(place: Place | undefined): boolean {
  return place?.in === 'nowhere' && place.isAbsent;
}

/** Decides the type of a column; `null` if there is none that has the values of all files. */
function unite(name: string, places: readonly Place[], index: number): UnitedColumn | null {
  const values = places.flatMap((place) => (place.in === 'nowhere' ? [] : place.value));
  const types = [...new Set(values.map(({ type }) => type))];
  const kinds = [...new Set(values.map(({ kind }) => kind))];
  const column = (type: string, rest: Partial<Column> = {}): Column => ({ name, type, sql: `c${index}`, ...rest });
  const as = (type: string, read: UnitedColumn['read']) => ({ column: column(type), places, read });
  if (types.length === 0) return as(NULL_TYPE, ({ sql }) => sql);
  if (types.length === 1) return as(types[0] as string, ({ sql }) => sql);
  if (kinds.every((kind) => kind === 'integer') && !types.includes('UHUGEINT')) {
    const type = types.some((one) => one === 'HUGEINT' || one === 'UBIGINT') ? 'HUGEINT' : 'BIGINT';
    return as(type, ({ sql }) => `CAST(${sql} AS ${type})`);
  }
  if (kinds.every((kind) => kind === 'list'))
    return { column: column('VARCHAR[]', { texts: CANONICAL }), places, read: (value) => bagTexts(value, null) };
  if (kinds.some((kind) => kind === 'list' || kind === 'other')) return null;
  return { column: column('VARCHAR', { texts: CANONICAL }), places, read: canonicalText };
}

function incompatible(name: string, places: readonly Place[], layouts: readonly Layout[]): DataError {
  return new DataError(
    'columns_differ',
    `column ${name} is ${typesText(places, layouts)}, which are not read as one: write it in one type`,
  );
}

/** What canonical texts mean: missing values are NULL already, and numbers have a point. */
const CANONICAL: TextRules = { nullValues: [], decimal: '.' };

/** Refuses a file that has nothing to do with the others: its rows would be rows without any value. */
function assertSomeColumns(layouts: readonly Layout[], united: readonly UnitedColumn[]): void {
  for (const [index, { files, columns }] of layouts.entries()) {
    const isStranger = united.every(({ places }) => isAbsent(places[index]));
    if (united.length > 0 && isStranger)
      throw new DataError(
        'columns_missing',
        `${files[0]?.path} has none of the columns of the other files: got ${listed(columns.map(({ name }) => name))}, expected ${listed(united.map(({ column }) => column.name))}`,
      );
  }
}

/** Returns the files in the order in which they are read: by their columns, if these change too often. */
function inRuns(
  files: readonly OpenedFile[],
  layoutOf: ReadonlyMap<OpenedFile, number>,
  isFixed: boolean,
): readonly OpenedFile[] {
  const runs = files.filter(
    (file, index) => layoutOf.get(file) !== layoutOf.get(files[index - 1] as OpenedFile),
  ).length;
  if (runs <= MOST_RUNS || isFixed) return files;
  return [...files].sort((a, b) => (layoutOf.get(a) ?? 0) - (layoutOf.get(b) ?? 0));
}

/** Returns the SQL of each scan, which together have all rows; positions count over all files in order. */
function scansOf(
  files: readonly OpenedFile[],
  layouts: readonly Layout[],
  layoutOf: ReadonlyMap<OpenedFile, number>,
  united: readonly UnitedColumn[],
): string[] {
  const scans: string[] = [];
  let firstRow = 0;
  for (let from = 0; from < files.length; ) {
    const index = layoutOf.get(files[from] as OpenedFile) ?? 0;
    let to = from;
    const firstRows: number[] = [];
    for (; to < files.length && layoutOf.get(files[to] as OpenedFile) === index; to += 1) {
      firstRows.push(firstRow);
      firstRow += files[to]?.rows ?? 0;
    }
    scans.push(runSql(files.slice(from, to), firstRows, layouts[index] as Layout, united, index));
    from = to;
  }
  return scans;
}

/** Returns the SQL of consecutive files of one layout. */
function runSql(
  files: readonly OpenedFile[],
  firstRows: readonly number[],
  { columns }: Layout,
  united: readonly UnitedColumn[],
  layout: number,
): string {
  const first = byFile(firstRows.map((row) => `CAST(${row} AS BIGINT)`));
  const values = united.map((one) => {
    const type = one.column.type === NULL_TYPE ? 'VARCHAR' : one.column.type;
    const place = one.places[layout];
    const sql =
      place?.in === 'file'
        ? one.read(place.value)
        : place?.in === 'path'
          ? one.read({ ...place.value, sql: byFile(files.map((file) => pathValueSql(file, place.name))) })
          : `CAST(NULL AS ${type})`;
    return `${sql} AS ${one.column.sql}`;
  });
  const scan = positionalScan(
    files.map(({ parquet }) => parquet),
    columns,
  );
  return `SELECT ${[`file_row_number + ${first} AS "#row"`, ...values].join(', ')} FROM ${scan}`;
}

/** Returns the SQL of a value that each file of a scan has for all its rows. */
function byFile(values: readonly string[]): string {
  return new Set(values).size === 1 ? (values[0] as string) : `[${values.join(', ')}][CAST(file_index AS BIGINT) + 1]`;
}

function pathValueSql({ path, columns }: OpenedFile, name: string): string {
  const column = pathColumns(path, columns).find((one) => one.name === name);
  return pathColumnSql(column ?? { name, value: null });
}

/** Unites scans two by two: DuckDB's parser would go too deep into a chain of them. */
function inPairs(scans: readonly string[]): string {
  const [only] = scans;
  if (scans.length === 1 && only !== undefined) return only;
  const half = scans.length >> 1;
  return `(${inPairs(scans.slice(0, half))}) UNION ALL (${inPairs(scans.slice(half))})`;
}

/** Returns what a user should know of a column: other names, files without it, and types that differ. */
function notesOf({ column, places }: UnitedColumn, layouts: readonly Layout[]): string[] {
  const { name, type } = column;
  const filesWhere = (is: (place: Place) => boolean) =>
    layouts.flatMap(({ files }, index) => (is(places[index] as Place) ? files : []));
  const all = layouts.reduce((sum, { files }) => sum + files.length, 0);
  const renamed = filesWhere((place) => place.in === 'file' && place.column.name !== name);
  const absent = filesWhere(isAbsent);
  const other = places.flatMap((place) => (place.in === 'file' && place.column.name !== name ? place.column.name : []));
  const isOneType = new Set(places.flatMap((place) => typeOf(place) ?? [])).size <= 1;
  const how = type === 'VARCHAR' || type === 'VARCHAR[]' ? 'text' : type;
  return [
    ...(renamed.length === 0 ? [] : [`column ${name} is called ${other[0]} in ${some(renamed, all)}`]),
    ...(absent.length === 0 ? [] : [`column ${name} is absent in ${some(absent, all)}: its values are missing there`]),
    ...(isOneType ? [] : [`column ${name} is ${typesText(places, layouts)}: it is read as ${how}`]),
  ];
}

function some(files: readonly OpenedFile[], all: number): string {
  const example = files[0]?.path ?? '';
  return all === 1 ? example : `${files.length} of ${all} files, such as ${example}`;
}

/** Returns the types of a column with a file of each: `BIGINT in a.parquet and DOUBLE in b.parquet`. */
function typesText(places: readonly Place[], layouts: readonly Layout[]): string {
  const examples = new Map<string, string>();
  for (const [index, place] of places.entries()) {
    const type = typeOf(place);
    if (type !== null && !examples.has(type)) examples.set(type, layouts[index]?.files[0]?.path ?? '');
  }
  return [...examples].map(([type, file]) => `${type} in ${file}`).join(' and ');
}

function typeOf(place: Place): string | null {
  if (place.in === 'nowhere') return null;
  return place.in === 'path' ? 'text of the path' : place.column.type;
}
