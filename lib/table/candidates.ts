/** Candidate files: cut into shards of rows, each scored on its own. */
import { stat } from 'node:fs/promises';
import type { Declaration, EntityTable } from '../config/declaration.ts';
import { checkCandidateColumns } from './check-columns.ts';
import { candidateChecks, goodRows, type RowCheck, writeRejects } from './check-rows.ts';
import type { Column, Relation } from './columns.ts';
import { createMalformedTable, csvRecords, type Dialect, importCsv, readDialect } from './csv-import.ts';
import { type Database, execute, identifier, literal, queryOne } from './database.ts';
import { encodeCandidates } from './encode.ts';
import type { EncodedChunk } from './encoded.ts';
import type { Encoder } from './encoder.ts';
import { blamingContent, DataError } from './errors.ts';
import { unknownEntitySql, withTables } from './join-tables.ts';
import { countRejects } from './log.ts';
import { parquetScan, readParquetFacts } from './parquet-file.ts';
import { createScoreTable, type ScoreTable } from './score-table.ts';
import { assertContent, type Format, formatOf, withMalformed } from './source.ts';

/** A range of a file's rows. */
export interface Shard {
  readonly index: number;
  /** Position of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** Where the rows lie in a CSV file; `end` is exclusive. */
  readonly bytes?: { readonly start: number; readonly end: number };
}

/** Everything that scoring a shard needs to know of the file; survives JSON. */
export interface CandidatePlan {
  readonly format: Format;
  readonly columns: readonly Column[];
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
  readonly shardRows: number;
  /** What the file is called in messages, and whose extension tells the format. @default the path */
  readonly name?: string;
  /** Where given, the columns are checked, too. */
  readonly encoder?: Pick<Encoder, 'features'>;
  readonly declaration?: Pick<Declaration, 'log'>;
  /** Looks for tables, by the file's columns. @default the file must have every column */
  readonly findTables?: (columns: readonly Column[]) => Promise<readonly FoundTable[]>;
}

export interface ScoreRowsOptions {
  readonly database: Database;
  readonly path: string;
  /** What the file is called in messages. @default the path */
  readonly name?: string;
  readonly plan: CandidatePlan;
  readonly shard: Shard;
  readonly declaration: Pick<Declaration, 'log' | 'scoring'>;
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

/**
 * Cuts a file into shards of `shardRows` rows: Parquet by its footer, CSV in one sequential scan.
 * @throws {DataError} where the file cannot be scored at all. A file without rows has no shards.
 */
export async function planCandidates(database: Database, path: string, options: PlanOptions): Promise<CandidatePlan> {
  const { shardRows, name = path, encoder, declaration, findTables } = options;
  const format = formatOf(name);
  if (name.endsWith('.gz')) throw new DataError('unknown_format', `${name} is compressed, expected .parquet or .csv`);
  await assertContent(path, name, format);
  const plan =
    format === 'parquet' ? await planParquet(database, path, name, shardRows) : await planCsv(path, name, shardRows);
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
  const { database, path, name = path, shard, declaration, encoder, outputs, rejectsPath } = options;
  const copied = copiedColumns(options.plan, declaration);
  assertNoClash(copied, outputs, name);
  const { relation: rows, remove } = await openShard(options, name);
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

async function planParquet(database: Database, path: string, name: string, shardRows: number): Promise<CandidatePlan> {
  const { columns, rows } = await readParquetFacts(database, path, name);
  const shards = Array.from({ length: Math.ceil(rows / shardRows) }, (_, index) => ({
    index,
    firstRow: index * shardRows,
    rows: Math.min(shardRows, rows - index * shardRows),
  }));
  return { format: 'parquet', columns, rows, dialect: null, shards };
}

async function planCsv(path: string, name: string, shardRows: number): Promise<CandidatePlan> {
  const dialect = await readDialect({ path, name });
  const { size } = await stat(path);
  const cuts: number[] = [];
  let rows = 0;
  for await (const { offset, count, starts } of csvRecords({ path, name }, dialect)) {
    // The first row of the block at which a shard begins.
    for (let index = (shardRows - (rows % shardRows)) % shardRows; index < count; index += shardRows) {
      cuts.push(dialect.bodyStart + offset + (starts[index] ?? 0));
    }
    rows += count;
  }
  const shards = cuts.map((start, index) => ({
    index,
    firstRow: index * shardRows,
    rows: Math.min(shardRows, rows - index * shardRows),
    bytes: { start, end: cuts[index + 1] ?? size },
  }));
  return {
    format: 'csv',
    columns: dialect.header.map((column) => ({ name: column, type: 'VARCHAR' })),
    rows,
    dialect,
    shards,
  };
}

interface OpenShard {
  readonly relation: Relation;
  remove(): Promise<void>;
}

/** The shard's rows, numbered as in the file. */
async function openShard({ database, path, plan, shard }: ScoreRowsOptions, name: string): Promise<OpenShard> {
  const { columns, dialect } = plan;
  if (dialect === null) {
    const range = `file_row_number >= ${shard.firstRow} AND file_row_number < ${shard.firstRow + shard.rows}`;
    const rows = `SELECT file_row_number AS "#row", * FROM ${parquetScan([path])} WHERE ${range}`;
    return { relation: { from: withMalformed(rows, null), columns, isText: false, name }, remove: async () => {} };
  }
  const malformedTable = await createMalformedTable(database);
  const { parquet, rows, remove } = await importCsv(database, { path, name }, dialect, {
    range: shard.bytes ?? null,
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
    relation: { from: withMalformed(numbered, malformedTable), columns, isText: true, name },
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
  await writeRejects(database, relation, checks, path);
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
