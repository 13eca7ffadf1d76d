/** Opens a log: finds its files, and checks that they are complete and have the same columns before any row is read. */
import { resolve } from 'node:path';
import type { CsvChoice } from '../../config/declaration.ts';
import { CSV_DEFAULTS } from '../../config/sections/csv.ts';
import { DATA_FORMATS, type DataFormat } from '../../contract/bucket.ts';
import type { Column, Relation } from '../columns.ts';
import type { Database } from '../database.ts';
import { DataError } from '../errors.ts';
import { localCandidate } from '../formats/candidate-file.ts';
import type { LogFile } from '../formats/format.ts';
import { FORMATS, formatOf, readHead } from '../formats/index.ts';
import { relationOf, type SourceFile } from '../formats/relation.ts';
import { plainPath } from '../paths.ts';
import { findFiles } from './find-files.ts';

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
  /** Paths of files that this run writes, which are not read where they are among the files found. @default none */
  readonly outputs?: readonly string[];
}

/**
 * Opens a log: one file of Parquet or CSV, every such file below a folder, or those that match a pattern, in the order of
 * their paths. A relative path starts from `cwd`. CSV is converted to temporary Parquet files.
 * @throws {DataError} if a file is absent, empty, broken or of another format than its name says, if files differ in
 * format or columns, and if there is no row.
 */
export async function openSource(
  database: Database,
  path: string,
  { cwd = '.', csv = CSV_DEFAULTS, outputs = [] }: OpenSourceOptions = {},
): Promise<Source> {
  const { files: names, notes } = await findFiles(path, { cwd, outputs });
  const format = commonFormat(names, path);
  const found: LogFile[] = [];
  for (const name of names) found.push({ name, path: await plainPath(database, resolve(cwd, name)) });
  for (const file of found) await readHead(await localCandidate(file.path, file.name), format);
  const { isText, openLog } = FORMATS[format];
  const { files, columns, malformedTable, notes: told } = await openLog(database, found, csv);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  if (rows === 0) throw new DataError('no_rows', `no rows in ${path}`);
  const relation = relationOf(files, columns, { isText, texts: csv, malformedTable, name: path });
  return { path, format, files, columns: relation.columns, rows, relation, notes: [...notes, ...told] };
}

function commonFormat(paths: readonly string[], asked: string): DataFormat {
  const promised = new Set(paths.map(formatOf));
  const formats = DATA_FORMATS.filter((format) => promised.has(format));
  const [format, ...others] = formats;
  if (format !== undefined && others.length === 0) return format;
  const titles = formats.map((name) => FORMATS[name].title);
  throw new DataError('wrong_format', `${asked} has both ${titles.join(' and ')} files, expected one format`);
}
