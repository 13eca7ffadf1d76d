/** Opens a log: finds its files, and checks that they are complete and have the same columns before any row is read. */
import { resolve } from 'node:path';
import type { CsvChoice } from '../../config/declaration.ts';
import { CSV_DEFAULTS } from '../../config/sections/csv.ts';
import { DATA_FORMATS } from '../../contract/bucket.ts';
import { listed } from '../../numbers/text.ts';
import type { Column, Relation } from '../columns.ts';
import type { Database, Scans } from '../database.ts';
import { asDataError, DataError } from '../errors.ts';
import { localCandidate } from '../formats/candidate-file.ts';
import type { LogFile, OpenedFile, OpenedFiles } from '../formats/format.ts';
import { FORMATS, formatOf, readHead } from '../formats/index.ts';
import { type OnLogProgress, type RunPart, runPhase, untold } from '../log-progress.ts';
import { plainPath } from '../paths.ts';
import { type FindOptions, type FoundFiles, findFiles } from './find-files.ts';
import { uniteFiles } from './union.ts';

/** The files of a log, which have the same columns, in the order in which they are read. */
export interface Source {
  /** Path of the file, folder or glob, as the user gave it. */
  readonly path: string;
  readonly files: readonly OpenedFile[];
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly relation: Relation;
  /** How the relation reads the rows. */
  readonly scans: Scans;
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
  /** Names of the columns that must be readable in all files, and of which is told how they are read. @default none */
  readonly needed?: readonly string[];
  /** Told of the phase `convert`. */
  readonly onProgress?: OnLogProgress | undefined;
}

/**
 * Opens a log: one file of Parquet or CSV, every such file below a folder, or those that match a pattern, in the order of
 * their paths; of several paths, one after the other. A relative path starts from `cwd`. CSV is converted to temporary
 * Parquet files.
 * @throws {DataError} if a file is absent, empty, broken or of another format than its name says, if files differ in
 * format or columns, and if there is no row.
 */
export async function openSource(
  database: Database,
  asked: string | readonly string[],
  { cwd = '.', csv = CSV_DEFAULTS, outputs = [], needed = [], onProgress }: OpenSourceOptions = {},
): Promise<Source> {
  const paths = typeof asked === 'string' ? [asked] : asked;
  // The path of a single log stays whole, however long: messages name files below it.
  const path = paths.length === 1 ? String(paths[0]) : listed(paths);
  const { files: names, notes } = await findAll(paths, { cwd, outputs });
  const opened = await openFiles(database, names, { cwd, csv, onProgress });
  const rows = opened.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows === 0) throw new DataError('no_rows', `no rows in ${path}`);
  const united = await asDataError(path, () =>
    uniteFiles(database, opened.files, { needed, ...opened, texts: csv, name: path }),
  );
  const { relation, files, scans } = united;
  return {
    path,
    files,
    columns: relation.columns,
    rows,
    relation,
    scans,
    notes: [...notes, ...opened.notes, ...united.notes],
  };
}

/** Finds the files of every path; one that two paths lead to is read once. */
async function findAll(paths: readonly string[], options: FindOptions): Promise<FoundFiles> {
  const found: FoundFiles[] = [];
  for (const path of paths) found.push(await findFiles(path, options));
  return {
    files: [...new Set(found.flatMap(({ files }) => files))],
    notes: found.flatMap(({ notes }) => notes),
  };
}

interface OpenFilesOptions extends Pick<OpenSourceOptions, 'onProgress'> {
  readonly cwd: string;
  readonly csv: CsvChoice;
}

/** Opens the files of each format: those of Parquet first, then those of CSV. */
async function openFiles(
  database: Database,
  names: readonly string[],
  { cwd, csv, onProgress }: OpenFilesOptions,
): Promise<OpenedFiles & { readonly isText: boolean }> {
  const files: OpenedFile[] = [];
  const notes: string[] = [];
  let malformedTable: string | null = null;
  let isText = false;
  const formats = names.map((name) => ({ name, format: formatOf(name) }));
  for (const format of DATA_FORMATS) {
    const found: LogFile[] = [];
    for (const { name } of formats.filter((file) => file.format === format)) {
      const file = await localCandidate(await plainPath(database, resolve(cwd, name)), name);
      await readHead(file, format);
      found.push(file);
    }
    if (found.length === 0) continue;
    const firstRow = files.reduce((sum, file) => sum + file.rows, 0);
    const open = (run: RunPart) => FORMATS[format].openLog(database, found, { csv, firstRow, run });
    const size = found.reduce((sum, file) => sum + file.size, 0);
    const told = { phase: 'convert', unit: 'bytes', size, passes: 1, onProgress } as const;
    const opened = FORMATS[format].isText ? await runPhase(database, told, open) : await open(untold);
    files.push(...opened.files);
    notes.push(...opened.notes);
    malformedTable ??= opened.malformedTable;
    isText ||= FORMATS[format].isText;
  }
  return { files, notes, malformedTable, isText };
}
