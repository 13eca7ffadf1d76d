/** Opens a log: finds its files, and checks that they are complete and have the same columns before any row is read. */
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { CsvChoice } from '../../config/declaration.ts';
import { CSV_DEFAULTS } from '../../config/sections/csv.ts';
import { DATA_EXTENSIONS_TEXT, DATA_FORMATS, type DataFormat, dataFormatOf } from '../../contract/bucket.ts';
import type { Column, Relation } from '../columns.ts';
import { type Database, literal, query } from '../database.ts';
import { DataError } from '../errors.ts';
import { localCandidate } from '../formats/candidate-file.ts';
import { FORMATS, formatOf, readHead } from '../formats/index.ts';
import { relationOf, type SourceFile } from '../formats/relation.ts';

/** The files of a log, which have the same columns, in the order in which they are read. */
export interface Source {
  /** Path of the file, folder or glob, as the user gave it. */
  readonly path: string;
  readonly format: DataFormat;
  readonly files: readonly SourceFile[];
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly relation: Relation;
  /** What a user should know of how the files were found and read, one sentence each. */
  readonly notes: readonly string[];
}

/** Where a source is found, and how it is written. */
export interface OpenSourceOptions {
  /** Folder that a relative path starts from. @default the working directory */
  readonly cwd?: string | undefined;
  /** How CSV is written, as far as it is declared, and what texts mean. @default everything is detected */
  readonly csv?: CsvChoice;
}

/**
 * Opens a log: one `.parquet`, `.csv` or `.csv.gz` file, every such file below a folder, or those that match a glob, in
 * the order of their paths. A relative path starts from `cwd`. CSV is converted to temporary Parquet files.
 * @throws {DataError} if a file is absent, empty, broken or of another format than its name says, if files differ in
 * format or columns, and if there is no row.
 */
export async function openSource(
  database: Database,
  path: string,
  { cwd = '.', csv = CSV_DEFAULTS }: OpenSourceOptions = {},
): Promise<Source> {
  const names = await findFiles(database, path, cwd);
  const format = commonFormat(names, path);
  const found = names.map((name) => ({ name, path: below(cwd, name) }));
  for (const file of found) await readHead(await localCandidate(file.path, file.name), format);
  const { isText, openLog } = FORMATS[format];
  const { files, columns, malformedTable } = await openLog(database, found, csv);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  if (rows === 0) throw new DataError('no_rows', `no rows in ${path}`);
  const relation = relationOf(files, columns, { isText, texts: csv, malformedTable, name: path });
  return { path, format, files, columns: relation.columns, rows, relation, notes: [] };
}

/** Returns the paths of the files: absolute if `path` is, otherwise from `cwd`. */
async function findFiles(database: Database, path: string, cwd: string): Promise<string[]> {
  const place = below(cwd, path);
  const facts = await stat(place).catch(() => null);
  if (facts?.isFile()) return [path];
  const found = facts?.isDirectory() ? await filesUnder(place) : await globbed(database, place);
  if (found.length === 0) {
    throw new DataError(
      'no_such_file',
      facts === null
        ? `${isGlob(path) ? 'no file matches' : 'no such file:'} ${path}`
        : `no ${DATA_EXTENSIONS_TEXT} file in ${path}`,
    );
  }
  return isAbsolute(path) ? found : found.map((file) => relative(cwd, file));
}

/** Returns an absolute path as it is, and a relative one joined to a folder. */
function below(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const isData = (name: string) => dataFormatOf(name) !== undefined && !/^[._]/.test(name);
  return entries
    .filter((entry) => entry.isFile() && isData(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function globbed(database: Database, pattern: string): Promise<string[]> {
  if (!isGlob(pattern)) return [];
  const found = await query(database, `SELECT file FROM glob(${literal(pattern)})`);
  return found.map(({ file }) => String(file)).sort();
}

function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

function commonFormat(paths: readonly string[], asked: string): DataFormat {
  const promised = new Set(paths.map(formatOf));
  const formats = DATA_FORMATS.filter((format) => promised.has(format));
  const [format, ...others] = formats;
  if (format !== undefined && others.length === 0) return format;
  const titles = formats.map((name) => FORMATS[name].title);
  throw new DataError('wrong_format', `${asked} has both ${titles.join(' and ')} files, expected one format`);
}
