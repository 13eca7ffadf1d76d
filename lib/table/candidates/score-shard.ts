/** Scores a shard: every row is either scored or rejected. */
import type { Declaration } from '../../config/declaration.ts';
import { mapAhead } from '../../workers/map-ahead.ts';
import type { InTurn } from '../../workers/turns.ts';
import { countRejects } from '../check/acceptable.ts';
import { candidateChecks, failedRows, goodRows, writeRejects } from '../check/check-rows.ts';
import { checkCandidateColumns, checkTrainedKinds } from '../check/required-columns.ts';
import { type Relation, unknownEntitySql } from '../columns.ts';
import { type Database, identifier, queryOne, withCleanup } from '../database.ts';
import { encodeCandidates } from '../encode/encode.ts';
import { type FeatureCounts, ValueCounter } from '../encode/value-counts.ts';
import type { EncodedChunk } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import { asDataError, DataError } from '../errors.ts';
import type { CandidateFile } from '../formats/candidate-file.ts';
import type { Shard } from '../formats/format.ts';
import { FORMATS } from '../formats/index.ts';
import { countRepeatedKeys } from '../formats/parquet/repeated-keys.ts';
import { plainPath, writePath } from '../paths.ts';
import { BufferPool } from '../read-columns.ts';
import type { RowCheck } from '../row-check.ts';
import { neededColumns } from './needed-columns.ts';
import { areFinite, NotFiniteRows, notFiniteRows, without } from './not-finite.ts';
import { type OutputColumn, outputColumns } from './output-columns.ts';
import type { CandidatePlan } from './plan.ts';
import { createScoreTable, type ScoreTable } from './predictions-table.ts';
import { GROUP_COLUMN, groupSql } from './rank.ts';
import { operandsSql, RowScores, SCORE_COLUMN, scoringChecks } from './row-scores.ts';
import { ScoreCounter, type ScoreStatistics } from './score-statistics.ts';
import { copyOptions } from './scores-format.ts';

/** Which shard is scored, by which model, and where the results are written. */
export interface ScoreRowsOptions {
  readonly database: Database;
  /** The candidate file; if the shard has a `piece`, that piece. */
  readonly file: CandidateFile;
  readonly plan: CandidatePlan;
  readonly shard: Shard;
  readonly declaration: Pick<Declaration, 'log' | 'csv' | 'scoring' | 'entities'>;
  readonly encoder: Encoder;
  /** Names of the outputs of `predict`, in the order in which they are written. */
  readonly outputs: readonly string[];
  readonly predict: (chunk: EncodedChunk) => Promise<Readonly<Record<string, Float32Array>>>;
  /** Chunks that are predicted at once. @default 1 */
  readonly chunksAtOnce?: number;
  /** Runs the reading and predicting, while other shards are opened or written. @default runs it at once */
  readonly inTurn?: InTurn;
  readonly scoresPath: string;
  /** Path of the rejects file, which is written only if a row is rejected. */
  readonly rejectsPath: string;
  /** Joins the columns of feature tables, and keeps the rows and their order. @default the file has every column */
  readonly join?: (rows: Relation) => Promise<Relation>;
}

/** Counts of the rows of a shard that has been scored. */
export interface ScoredShard {
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Scored rows whose user or item is not in its table, by entity; absent if such rows are rejected. */
  readonly unknownEntities?: Readonly<Record<string, number>>;
  /** Missing and unknown values in the scored rows. */
  readonly features: FeatureCounts;
  /** Sums and histograms of the scores, by output. */
  readonly outputs: ScoreStatistics;
  /** Scored rows that repeat the keys of another row of the shard. */
  readonly repeatedKeys: number;
}

/**
 * Scores a shard. The good rows are written to `scoresPath` in the order of the file: keys (or all columns) in their
 * own types, outputs as FLOAT, and the score as DOUBLE. The bad rows are written to `rejectsPath`.
 * @throws {DataError} if columns are missing, have a wrong type, or have the name of an output.
 */
export async function scoreRows(options: ScoreRowsOptions): Promise<ScoredShard> {
  const { database, file, plan, shard, declaration, encoder, outputs, scoresPath } = options;
  const { inTurn = (work) => work() } = options;
  const { name } = file;
  const columns = outputColumns(plan, declaration, outputs, name);
  const needed = neededColumns({ columns: plan.columns, name }, declaration, encoder);
  const { openShard } = FORMATS[plan.format];
  const plain = { ...file, path: await plainPath(database, file.path) };
  const opened = { database, file: plain, plan, shard, texts: declaration.csv, needed };
  const { relation: rows, remove } = await asDataError(name, () => openShard(opened));
  const { score: expression } = declaration.scoring;
  const scores = expression === null ? [] : [SCORE_COLUMN];
  const table = await createScoreTable(database, { outputs, scores, rows: shard.rows });
  const notFinite = new NotFiniteRows(database, encoder);
  const rowScores = expression === null ? null : new RowScores(database, expression);
  const score = async (): Promise<ScoredShard> => {
    const { relation, encodable, scored, ...statistics } = await inTurn(async () => {
      const relation = { ...((await options.join?.(rows)) ?? rows), isScored: true };
      checkCandidateColumns(relation, declaration, encoder.features);
      checkTrainedKinds(relation, encoder);
      const encodable = [
        ...candidateChecks(relation, { ...declaration, ...encoder }),
        ...scoringChecks(relation, declaration.scoring),
      ];
      return {
        relation,
        encodable,
        ...(await predictRows(options, relation, encodable, { table, notFinite, rowScores })),
      };
    });
    await writeScores(options, relation, columns, { table, scored });
    const checks = [...encodable, ...(await notFinite.checks(relation)), ...(rowScores?.checks() ?? [])];
    const rejectedByReason = await reject(options, relation, checks, shard.rows - scored);
    const unknownEntities = await countUnknown(database, relation, checks);
    const repeatedKeys = await countRepeatedKeys(database, declaration.log.keys, scoresPath);
    const rejected = shard.rows - scored;
    const counts = { rowsIn: shard.rows, scored, rejected, rejectedByReason, ...statistics, repeatedKeys };
    return unknownEntities === null ? counts : { ...counts, unknownEntities };
  };
  return withCleanup(
    () => asDataError(name, score),
    async () => {
      await notFinite.drop();
      await rowScores?.drop();
      await table.drop();
      await remove();
    },
  );
}

/** What is collected of a shard's rows: predictions, and the rows that have none. */
interface Collected {
  readonly table: ScoreTable;
  readonly notFinite: NotFiniteRows;
  /** `null` if no score is declared. */
  readonly rowScores: RowScores | null;
}

/**
 * Adds the predictions of the good rows to a score table, chunk by chunk, and counts the rows and what is missing or
 * unknown in them. Rows without a finite score are kept apart.
 */
async function predictRows(
  { database, declaration, encoder, outputs, predict, chunksAtOnce = 1 }: ScoreRowsOptions,
  relation: Relation,
  checks: readonly RowCheck[],
  { table, notFinite, rowScores }: Collected,
): Promise<Pick<ScoredShard, 'scored' | 'features' | 'outputs'>> {
  const counter = new ValueCounter(encoder);
  const scores = new ScoreCounter(outputs);
  let scored = 0;
  const buffers = new BufferPool();
  const numbers = operandsSql(relation, declaration.scoring.score);
  const chunks = encodeCandidates(database, relation, checks, encoder, { buffers, numbers });
  const predicted = mapAhead(chunks, chunksAtOnce, async (chunk) => ({ chunk, predictions: await predict(chunk) }));
  for await (const { chunk, predictions } of predicted) {
    const others = areFinite(predictions) ? [] : notFiniteRows(predictions, chunk.rows);
    if (others.length > 0) notFinite.add(chunk, others);
    const bad = new Set(others);
    const score = rowScores?.evaluate(predictions, chunk.operands, chunk.rows);
    if (rowScores !== null && score !== undefined && score.faults.length > 0) {
      const faults = score.faults.filter(({ row }) => !bad.has(row));
      for (const { row } of faults) bad.add(row);
      await rowScores.add(chunk.rowNumbers, faults);
    }
    const values = score === undefined ? predictions : { ...predictions, [SCORE_COLUMN]: score.values };
    if (bad.size === 0) {
      await table.append(chunk.rowNumbers, values);
      counter.add(chunk);
      scores.add(predictions);
    } else {
      const good = Uint32Array.from({ length: chunk.rows }, (_, row) => row).filter((row) => !bad.has(row));
      await table.append(
        chunk.rowNumbers.filter((_, row) => !bad.has(row)),
        without(values, bad),
      );
      counter.add(chunk, good);
      scores.add(predictions, bad);
    }
    scored += chunk.rows - bad.size;
    buffers.giveBack(chunk.rowNumbers);
  }
  await table.end();
  return { scored, features: counter.counts(), outputs: scores.statistics() };
}

/**
 * Writes the scores file: the rows that have predictions, in order. If all have, rows and predictions are joined by
 * their positions, which needs neither a hash table nor a sort; that they belong together is checked all the same.
 */
async function writeScores(
  { database, declaration, shard, scoresPath }: ScoreRowsOptions,
  relation: Relation,
  columns: readonly OutputColumn[],
  { table, scored }: { readonly table: ScoreTable; readonly scored: number },
): Promise<void> {
  const values = [...columns, ...groupColumn(relation, declaration)].map(
    ({ name, sql }) => `${sql} AS ${identifier(name)}`,
  );
  const isSame = 'rows."#row" = CAST(scores."#row" AS BIGINT)';
  const join =
    scored === shard.rows
      ? `POSITIONAL JOIN ${table.from} AS scores WHERE ${isSame}`
      : `JOIN ${table.from} AS scores ON ${isSame} ORDER BY rows."#row"`;
  const rows = `SELECT ${values.join(', ')} FROM ${relation.from} AS rows ${join}`;
  const copy = `COPY (${rows}) TO ${writePath(scoresPath)} (${copyOptions('parquet')})`;
  const { Count: written } = await queryOne(database, copy);
  if (Number(written) !== scored) throw new Error(`${written} scores were written, expected ${scored}`);
}

/** Returns the column by which rows are ranked within groups once all shards are scored; none if they are not. */
function groupColumn(relation: Relation, { scoring }: Pick<Declaration, 'scoring'>): OutputColumn[] {
  const { rank } = scoring;
  if (rank === null || rank.within.length === 0) return [];
  const columns = relation.columns.map((column) => ({ ...column, sql: `rows.${column.sql}` }));
  return [{ name: GROUP_COLUMN, sql: groupSql({ ...relation, columns }, rank) }];
}

/** Counts good rows whose user or item is not in its table, by entity; `null` if such rows are rejected. */
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

/**
 * Writes the rejects file, if a row is rejected, and returns the number of rows by reason.
 * @throws {DataError} if there are not as many bad rows as the plan leaves: its counts, which are the file's own, differ
 * from the rows that can be read.
 */
async function reject(
  { database, file, shard, rejectsPath }: Pick<ScoreRowsOptions, 'database' | 'file' | 'shard' | 'rejectsPath'>,
  relation: Relation,
  checks: readonly RowCheck[],
  expected: number,
): Promise<Record<string, number>> {
  if (expected === 0) return {};
  await writeRejects(database, failedRows(relation, checks), checks, rejectsPath);
  const byReason: Record<string, number> = {};
  for (const { reason, rows } of await countRejects(database, rejectsPath))
    byReason[reason] = (byReason[reason] ?? 0) + rows;
  const written = Object.values(byReason).reduce((sum, rows) => sum + rows, 0);
  if (written !== expected)
    throw new DataError(
      'unreadable',
      `${file.name} cannot be read: rows from ${shard.firstRow} on are ${shard.rows - expected + written}, expected ${shard.rows} by its footer or plan`,
    );
  return byReason;
}
