/** Candidate files: cut into shards of rows, each scored on its own. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration, EntityTable } from '../../config/declaration.ts';
import { MAX_SHARD_BYTES, MAX_UNZIPPED_BYTES } from '../../contract/limits.ts';
import { byteText } from '../../numbers/text.ts';
import { countRejects } from '../check/acceptable.ts';
import { candidateColumns, checkCandidateColumns } from '../check/check-columns.ts';
import { candidateChecks, failedRows, goodRows, writeRejects } from '../check/check-rows.ts';
import type { RowCheck } from '../check/row-check.ts';
import { type Column, type Relation, unknownEntitySql } from '../columns.ts';
import { type Database, execute, identifier, literal, queryOne } from '../database.ts';
import { encodeCandidates } from '../encode/encode.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { EncodedChunk } from '../encoded.ts';
import { blamingContent, DataError } from '../errors.ts';
import { type ByteRange, type CandidateFile, firstBytes } from '../source/candidate-file.ts';
import { createMalformedTable, type Dialect, importCsv } from '../source/csv-import.ts';
import { footerLength, parquetScan, type RowGroup, readParquetFacts, readRowGroups } from '../source/parquet-file.ts';
import { type Format, formatOf, withMalformed } from '../source/source.ts';
import { withTables } from './join-tables.ts';
import { planCsv } from './plan-csv.ts';
import { createScoreTable, type ScoreTable } from './score-table.ts';

/** A range of a file's rows. */
export interface Shard {
  readonly index: number;
  /** Position of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** Where the rows lie in a CSV file. */
  readonly bytes?: ByteRange;
  /** Name, as `savePiece` gave it, of the uncompressed rows of a gzip file. */
  readonly piece?: string;
}

/** Everything that scoring a shard needs to know of the file; survives JSON. */
export interface CandidatePlan {
  readonly format: Format;
  readonly columns: readonly Column[];
  /** Bytes of the file. */
  readonly size: number;
  readonly rows: number;
  /** Of a CSV file; `null` for Parquet. */
  readonly dialect: Dialect | null;
  readonly shards: readonly Shard[];
  /** Tables that give the columns which the file lacks; absent where it lacks none. */
  readonly featureTables?: readonly PinnedTable[];
}

/** A feature table as it was when the file was planned: its manifest, which names the versions of all its files. */
export interface PinnedTable {
  readonly entity: EntityTable['entity'];
  readonly manifestKey: string;
  readonly versionId: string;
}

/** Where columns that a file lacks were looked for. */
export interface FoundTable {
  readonly entity: EntityTable;
  /** Where the table lies, or that there is none, for messages. */
  readonly place: string;
  /** What the file lacks and the table has. */
  readonly columns: readonly Column[];
  /** `null` where there is no table. */
  readonly pin: PinnedTable | null;
}

export interface PlanOptions {
  /** Rows of a shard, at most. */
  readonly shardRows: number;
  /** Where given, the columns are checked, too. */
  readonly encoder?: Pick<Encoder, 'features'>;
  readonly declaration?: Pick<Declaration, 'log' | 'scoring' | 'entities'>;
  /**
   * Bytes of a file that a shard may need on this disk.
   * @default 1 GiB
   */
  readonly maxShardBytes?: number;
  /**
   * Uncompressed bytes of a gzip file.
   * @default 4 GiB: it is read from its beginning and cut by one function, whose limit is five minutes. On two busy
   * cores that took a minute and a half with the upload of the pieces, and three minutes where rows have 13 bytes.
   */
  readonly maxUnzippedBytes?: number;
  /**
   * Bytes of a CSV file that is not compressed.
   * @default no limit: where nobody is cut off in the middle of the one scan, it may take as long as it does
   */
  readonly maxCsvBytes?: number;
  /** Keeps a local file with the uncompressed rows of one shard of a gzip file, and answers its name. */
  readonly savePiece?: (index: number, path: string) => Promise<string>;
  /** Looks for tables, by the file's columns. @default the file must have every column */
  readonly findTables?: (columns: readonly Column[]) => Promise<readonly FoundTable[]>;
}

export interface ScoreRowsOptions {
  readonly database: Database;
  /** The candidate file; of a shard with a `piece`, that piece. */
  readonly file: CandidateFile;
  readonly plan: CandidatePlan;
  readonly shard: Shard;
  readonly declaration: Pick<Declaration, 'log' | 'scoring' | 'entities'>;
  readonly encoder: Encoder;
  /** Names of the columns that `predict` gives, in the order in which they are written. */
  readonly outputs: readonly string[];
  readonly predict: (chunk: EncodedChunk) => Promise<Readonly<Record<string, Float32Array>>>;
  readonly scoresPath: string;
  /** Written only where a row is rejected. */
  readonly rejectsPath: string;
  /** Adds the columns that the plan's tables give, and keeps the rows and their order. @default the file has every column */
  readonly join?: (rows: Relation) => Promise<Relation>;
}

export interface ScoredShard {
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Rows scored although the table of an entity lacks theirs, by entity; absent where no entity may be unknown. */
  readonly unknownEntities?: Readonly<Record<string, number>>;
}

// Smaller shards cost more in requests than they save.
const MIN_SHARD_ROWS = 1_000;
// Holds the footer of nearly every file.
const TAIL_BYTES = 2 ** 20;
// A scan looks at each row group of a file, 0.1 ms for one that has none of the shard's rows, and a shard is scanned six
// times: of a file with more than these the shard's rows are copied first.
const MANY_ROW_GROUPS = 2_000;
// It is read into memory as a whole: a hundred thousand row groups of a hundred columns.
const MAX_FOOTER_BYTES = 2 ** 30;

/**
 * Cuts a file into shards: Parquet by its footer, of which nothing else is read, CSV in one sequential scan.
 * @throws {DataError} where the file cannot be scored at all. A file without rows has no shards.
 */
export async function planCandidates(
  database: Database,
  file: CandidateFile,
  options: PlanOptions,
): Promise<CandidatePlan> {
  const { encoder, declaration, findTables } = options;
  const { maxShardBytes = MAX_SHARD_BYTES, maxUnzippedBytes = MAX_UNZIPPED_BYTES } = options;
  const { maxCsvBytes = Number.POSITIVE_INFINITY } = options;
  const { name, size } = file;
  const format = formatOf(name);
  await assertContent(file, format);
  if (format === 'csv' && size > maxCsvBytes && !name.endsWith('.gz'))
    throw new DataError(
      'too_large',
      `${name} has ${byteText(size)}, expected at most ${byteText(maxCsvBytes)} in CSV: use Parquet, or several files`,
    );
  const limits = { ...options, maxShardBytes, maxUnzippedBytes };
  const plan =
    format === 'parquet'
      ? await planParquet(database, file, limits)
      : { format, size, ...(await planCsv(database, file, limits)) };
  const found = (await findTables?.(plan.columns)) ?? [];
  if (encoder !== undefined && declaration !== undefined) {
    const places = [name, ...found.map(({ place }) => place)].join(' and ');
    const relation = { from: '', columns: plan.columns, isText: format === 'csv', name: places };
    checkCandidateColumns(withTables(relation, found), declaration, encoder.features);
  }
  const featureTables = found.flatMap(({ pin }) => pin ?? []);
  return featureTables.length === 0 ? plan : { ...plan, featureTables };
}

/**
 * Scores a shard: `scoresPath` gets the good rows in the file's order, their keys (or all columns) in their own types and
 * the outputs as FLOAT; `rejectsPath` gets the bad ones.
 * @throws {DataError} where columns are missing, of a wrong type, or named as an output.
 */
export async function scoreRows(options: ScoreRowsOptions): Promise<ScoredShard> {
  const { database, file, shard, declaration, encoder, outputs, rejectsPath } = options;
  const { name } = file;
  const copied = copiedColumns(options.plan, declaration);
  assertNoClash(copied, outputs, name);
  const { relation: rows, remove } = await openShard(options);
  const table = await createScoreTable(database, outputs);
  try {
    const relation = await blamingContent(name, async () => (await options.join?.(rows)) ?? rows);
    checkCandidateColumns(relation, declaration, encoder.features);
    const checks = candidateChecks(relation, { ...declaration, ...encoder });
    const scored = await blamingContent(name, async () => {
      const count = await predictRows(options, relation, checks, table);
      await writeScores(options, relation, copied, table);
      return count;
    });
    const rejected = shard.rows - scored;
    const rejectedByReason = rejected === 0 ? {} : await reject(database, relation, checks, rejectsPath, rejected);
    const unknownEntities = await countUnknown(database, relation, checks);
    const counts = { rowsIn: shard.rows, scored, rejected, rejectedByReason };
    return unknownEntities === null ? counts : { ...counts, unknownEntities };
  } finally {
    await table.drop();
    await remove();
  }
}

/** What a name promises and the first bytes deny needs no reader to find out. */
async function assertContent(file: CandidateFile, format: Format): Promise<void> {
  const { name, size } = file;
  if (size === 0) throw new DataError('empty_file', `${name} is empty: 0 bytes`);
  const head = await firstBytes(file, 4);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  if (format === 'csv' && head.toString('latin1') === 'PAR1')
    throw new DataError('wrong_format', `${name} is a Parquet file, expected CSV by its name`);
  if (name.endsWith('.gz') && !isGzip)
    throw new DataError('wrong_format', `${name} is not gzip, expected it by its name`);
  if (name.endsWith('.csv') && isGzip)
    throw new DataError('wrong_format', `${name} is gzip, expected plain CSV by its name: end it in .csv.gz`);
}

async function planParquet(
  database: Database,
  file: CandidateFile,
  { shardRows, maxShardBytes, declaration, encoder }: PlanOptions & { readonly maxShardBytes: number },
): Promise<CandidatePlan> {
  const { name, path, size } = file;
  await fetchFooter(file);
  const { columns, rows } = await readParquetFacts(database, path, name);
  const needed = neededColumns(columns, declaration, encoder);
  const groups = await readRowGroups(database, path, needed);
  const rowsPerShard = fittingRows(groups, rows, { shardRows, maxShardBytes, name });
  const shards = Array.from({ length: Math.ceil(rows / rowsPerShard) }, (_, index) => ({
    index,
    firstRow: index * rowsPerShard,
    rows: Math.min(rowsPerShard, rows - index * rowsPerShard),
  }));
  return { format: 'parquet', columns, size, rows, dialect: null, shards };
}

async function fetchFooter(file: CandidateFile): Promise<void> {
  await file.fetch([
    { start: 0, end: 4 },
    { start: Math.max(0, file.size - TAIL_BYTES), end: file.size },
  ]);
  const length = await footerLength(file.path);
  if (length > MAX_FOOTER_BYTES)
    throw new DataError(
      'unreadable',
      `${file.name} has a footer of ${byteText(length)}, expected at most ${byteText(MAX_FOOTER_BYTES)}: write larger row groups`,
    );
  await file.fetch([{ start: file.size - length, end: file.size }]);
}

/** Halves the shards until what each needs fits. */
function fittingRows(
  groups: readonly RowGroup[],
  rows: number,
  { shardRows, maxShardBytes, name }: { readonly shardRows: number; readonly maxShardBytes: number; name: string },
): number {
  for (const [index, group] of groups.entries()) {
    const bytes = lengthOf(group.ranges);
    if (bytes > maxShardBytes)
      throw new DataError(
        'row_group_too_large',
        `${name}: the columns needed of row group ${index} have ${byteText(bytes)}, expected at most ${byteText(maxShardBytes)}: write smaller row groups (pyarrow row_group_size, DuckDB ROW_GROUP_SIZE, Spark parquet.block.size)`,
      );
  }
  for (let fitting = shardRows; ; fitting = Math.ceil(fitting / 2))
    if (fitting <= MIN_SHARD_ROWS || largestShard(groups, rows, fitting) <= maxShardBytes) return fitting;
}

/** Bytes of the shard that needs most, of those with so many rows. Groups come in the order of their rows, as shards do. */
function largestShard(groups: readonly RowGroup[], rows: number, shardRows: number): number {
  let largest = 0;
  let first = 0;
  for (let firstRow = 0; firstRow < rows; firstRow += shardRows) {
    const ended = firstRow + shardRows;
    let bytes = 0;
    for (let at = first; at < groups.length; at += 1) {
      const group = groups[at] as RowGroup;
      if (group.firstRow >= ended) break;
      bytes += lengthOf(group.ranges);
      // The next shard begins with the group that goes on into it.
      first = group.firstRow + group.rows > ended ? at : at + 1;
    }
    largest = Math.max(largest, bytes);
  }
  return largest;
}

function rangesOfRows(
  groups: readonly RowGroup[],
  { firstRow, rows }: { readonly firstRow: number; readonly rows: number },
): ByteRange[] {
  return groups
    .filter((group) => group.firstRow < firstRow + rows && group.firstRow + group.rows > firstRow)
    .flatMap(({ ranges }) => ranges);
}

function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Columns that scoring reads: what is copied to the scores, keys, entities and features. All, where nothing is known of them. */
function neededColumns(
  columns: readonly Column[],
  declaration: PlanOptions['declaration'],
  encoder: PlanOptions['encoder'],
): string[] {
  const names = columns.map(({ name }) => name);
  if (declaration === undefined || encoder === undefined || declaration.scoring.columns === 'all') return names;
  const keys = declaration.entities.map(({ key }) => key);
  const read = new Set([...candidateColumns(declaration, encoder.features), ...keys]);
  return names.filter((name) => read.has(name));
}

interface OpenShard {
  readonly relation: Relation;
  remove(): Promise<void>;
}

/** The shard's rows, numbered as in the file. */
function openShard(options: ScoreRowsOptions): Promise<OpenShard> {
  const { dialect } = options.plan;
  return dialect === null ? openParquetShard(options) : openCsvShard(options, dialect);
}

async function openParquetShard({
  database,
  file,
  plan,
  shard,
  declaration,
  encoder,
}: ScoreRowsOptions): Promise<OpenShard> {
  const { name, path } = file;
  await fetchFooter(file);
  const needed = neededColumns(plan.columns, declaration, encoder);
  const groups = await readRowGroups(database, path, needed);
  await file.fetch(rangesOfRows(groups, shard));
  const range = `file_row_number >= ${shard.firstRow} AND file_row_number < ${shard.firstRow + shard.rows}`;
  const rowsOf = (columns: string) =>
    `SELECT file_row_number AS "#row", ${columns} FROM ${parquetScan([path])} WHERE ${range}`;
  const relation = { columns: plan.columns, isText: false, name };
  if (groups.length <= MANY_ROW_GROUPS)
    return { relation: { ...relation, from: withMalformed(rowsOf('*'), null) }, remove: async () => {} };
  const copy = join(database.scratch, `${database.uniqueName('shard')}.parquet`);
  const remove = () => rm(copy, { force: true });
  const copied = `COPY (${rowsOf(needed.map(identifier).join(', '))}) TO ${literal(copy)} (FORMAT parquet)`;
  await blamingContent(name, () => execute(database, copied)).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const columns = plan.columns.filter((column) => needed.includes(column.name));
  const from = withMalformed(`SELECT * FROM ${parquetScan([copy])}`, null);
  return { relation: { ...relation, columns, from }, remove };
}

async function openCsvShard({ database, file, plan, shard }: ScoreRowsOptions, dialect: Dialect): Promise<OpenShard> {
  const { name } = file;
  const malformedTable = await createMalformedTable(database);
  const { parquet, rows, remove } = await importCsv(database, file, dialect, {
    range: shard.bytes ?? { start: 0, end: file.size },
    firstRow: shard.firstRow,
    malformedTable,
  });
  if (rows !== shard.rows)
    throw new DataError(
      'unreadable',
      `${name} changed since it was planned: shard ${shard.index} has ${rows} rows, expected ${shard.rows}`,
    );
  const numbered = `SELECT file_row_number + ${shard.firstRow} AS "#row", * FROM ${parquetScan([parquet])}`;
  return {
    relation: { from: withMalformed(numbered, malformedTable), columns: plan.columns, isText: true, name },
    async remove() {
      await execute(database, `DROP TABLE ${malformedTable}`);
      await remove();
    },
  };
}

/** Predicts chunk after chunk; gives the number of good rows. */
async function predictRows(
  { database, encoder, predict }: ScoreRowsOptions,
  relation: Relation,
  checks: readonly RowCheck[],
  table: ScoreTable,
): Promise<number> {
  let scored = 0;
  for await (const chunk of encodeCandidates(database, relation, checks, encoder)) {
    table.append(chunk.rowNumbers, await predict(chunk));
    scored += chunk.rows;
  }
  table.flush();
  return scored;
}

/** Writes the rows that have scores: the copied columns, then the outputs. */
async function writeScores(
  { database, outputs, scoresPath }: ScoreRowsOptions,
  relation: Relation,
  copied: readonly string[],
  table: ScoreTable,
): Promise<void> {
  const columns = [
    ...copied.map((column) => `rows.${identifier(column)}`),
    ...outputs.map((output) => `scores.${identifier(output)}`),
  ];
  const rows = `SELECT ${columns.join(', ')} FROM ${relation.from} AS rows JOIN ${table.name} AS scores USING ("#row") ORDER BY "#row"`;
  await execute(database, `COPY (${rows}) TO ${literal(scoresPath)} (FORMAT parquet, COMPRESSION zstd)`);
}

/** Good rows whose entities their tables lack, by entity; `null` where no entity may be unknown. */
async function countUnknown(
  database: Database,
  relation: Relation,
  checks: readonly RowCheck[],
): Promise<Record<string, number> | null> {
  const entities = (relation.joined ?? []).filter(({ missing }) => missing === 'unknown').map(({ entity }) => entity);
  if (entities.length === 0) return null;
  const counts = entities.map((entity) => `count(*) FILTER (${unknownEntitySql(entity)}) AS ${identifier(entity)}`);
  const counted = await queryOne(database, `SELECT ${counts.join(', ')} FROM ${goodRows(relation, checks)}`);
  return Object.fromEntries(entities.map((entity) => [entity, Number(counted[entity])]));
}

async function reject(
  database: Database,
  relation: Relation,
  checks: readonly RowCheck[],
  path: string,
  expected: number,
): Promise<Record<string, number>> {
  await writeRejects(database, failedRows(relation, checks), checks, path);
  const byReason: Record<string, number> = {};
  for (const { reason, rows } of await countRejects(database, path)) byReason[reason] = (byReason[reason] ?? 0) + rows;
  const written = Object.values(byReason).reduce((sum, rows) => sum + rows, 0);
  if (written !== expected)
    throw new Error(`rejected rows are ${written}, expected ${expected}: rows in must be scored or rejected`);
  return byReason;
}

function copiedColumns(
  { columns }: CandidatePlan,
  { log, scoring }: Pick<Declaration, 'log' | 'scoring'>,
): readonly string[] {
  return scoring.columns === 'all' ? columns.map(({ name }) => name) : log.keys;
}

function assertNoClash(copied: readonly string[], outputs: readonly string[], name: string): void {
  const taken = new Set(outputs.map((output) => output.toLowerCase()));
  const clashing = copied.filter((column) => taken.has(column.toLowerCase()));
  if (clashing.length > 0)
    throw new DataError(
      'columns_clash',
      `candidate columns have the names of scores: ${clashing.join(', ')} (in ${name})`,
    );
}
