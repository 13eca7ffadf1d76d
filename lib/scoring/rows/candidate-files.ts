/**
 * The work on the rows of candidate files: the store's bytes, DuckDB's rows and onnxruntime's scores behind one port.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pieceKey } from '../../contract/bucket.ts';
import { SHARD_ROWS } from '../../contract/limits.ts';
import { count } from '../../numbers/text.ts';
import { openObjectFile } from '../../store/object-file.ts';
import type { Store } from '../../store/store.ts';
import { planCandidates } from '../../table/candidates/plan-file.ts';
import { scoreRows } from '../../table/candidates/score-shard.ts';
import { convertScores } from '../../table/candidates/scores-format.ts';
import type { Relation } from '../../table/columns.ts';
import { DataError, hasInvalidatedDatabase, isFullDisk } from '../../table/errors.ts';
import type { CandidateFile } from '../../table/formats/candidate-file.ts';
import { type InTurn, turns } from '../../workers/turns.ts';
import { CandidateFileError, ScoringError } from '../errors.ts';
import type { FileVersion } from '../protocol/keys.ts';
import type { CandidateFiles, ModelVersion, ScoredShard, ShardRequest } from '../protocol/ports.ts';
import { rankPart } from '../ranks/rank-part.ts';
import { type FeatureTables, featureTables } from './feature-tables.ts';
import type { ModelLoader } from './models.ts';

export interface CandidateFilesOptions {
  readonly store: Store;
  readonly models: ModelLoader;
  /** Existing folder for the bytes of candidate files that are read. */
  readonly scratch: string;
  /** Rows of a shard, the piece that is scored at once. @default `SHARD_ROWS`, 500,000 */
  readonly shardRows?: number;
  /** Rows of the last of several shards of a Parquet file, at most twice as many. @default `shardRows` */
  readonly lastRows?: number;
  /** Most bytes of a candidate file that are copied to `scratch` for one shard. @default 1 GiB */
  readonly maxShardBytes?: number;
  /** Uncompressed bytes of a gzip file. @default 4 GiB */
  readonly maxUnzippedBytes?: number;
  /** Bytes of a CSV file that is not compressed. @default no limit */
  readonly maxCsvBytes?: number;
  /** Rows of a file whose scores are ranked. @default no limit */
  readonly maxRankedRows?: number;
  /** Existing folder for copies of feature tables, which are kept from shard to shard. @default `scratch` */
  readonly tablesFolder?: string;
  /** As `FeatureTablesOptions.wholeBytes`. */
  readonly wholeTableBytes?: number;
}

/**
 * Plans and scores candidate files with the model version that each request names. Several shards may be scored at once:
 * one of them is then read and predicted while others are opened, written and stored.
 */
export function candidateFiles({
  store,
  models,
  scratch,
  shardRows = SHARD_ROWS,
  tablesFolder = scratch,
  wholeTableBytes,
  maxRankedRows = Number.POSITIVE_INFINITY,
  ...limits
}: CandidateFilesOptions): CandidateFiles {
  const tables = featureTables({
    store,
    folder: tablesFolder,
    ...(wholeTableBytes && { wholeBytes: wholeTableBytes }),
  });
  const inTurn = turns();
  return {
    plan: (file, version) =>
      withFile({ store, scratch, models }, { file, model: version }, async (candidates) => {
        const { database, encoder, declaration } = await models.loadEncoding(version);
        const planId = randomUUID();
        const plan = await planCandidates(database, candidates, {
          shardRows,
          encoder,
          declaration,
          ...limits,
          findTables: (columns) => tables.find(columns, { declaration, encoder }),
          async savePiece(index, path) {
            // Another planner may cut otherwise: the plan that wins names its own.
            const key = pieceKey(file.source, planId, index);
            await store.putFile(key, path);
            return key;
          },
        });
        if (declaration.scoring.rank !== null) assertRankable(file.key, plan.rows, maxRankedRows);
        models.prepare(
          version,
          plan.shards.reduce((sum, { rows }) => sum + rows, 0),
        );
        return plan;
      }),
    scoreShard(request) {
      const { file, plan, shard: index } = request;
      const shard = plan.shards[index];
      if (shard === undefined)
        throw new RangeError(`no shard ${index} in the plan of ${file.key}: it has ${plan.shards.length}`);
      const where = shard.piece === undefined ? { size: plan.size } : { piece: shard.piece };
      return withFile({ store, scratch, models }, { file, model: request.model, ...where }, (candidates) =>
        scoreRange({ models, tables, inTurn }, request, candidates),
      );
    },
    async rankPart(request) {
      const { database, declaration } = await models.load(request.model);
      return rankPart({ store, database, format: declaration.scoring.format }, request);
    },
  };
}

async function scoreRange(
  { models, tables, inTurn }: { readonly models: ModelLoader; readonly tables: FeatureTables; readonly inTurn: InTurn },
  request: ShardRequest,
  file: CandidateFile,
): Promise<ScoredShard> {
  const { plan, shard: index, scratch } = request;
  const { featureTables } = plan;
  const model = await models.load(request.model);
  const { database, encoder, declaration } = model;
  model.prepare(plan.shards[index]?.rows ?? 0);
  const { format, rank } = declaration.scoring;
  const [scoresPath, rejectsPath] = [join(scratch, 'scores.parquet'), join(scratch, 'rejects.parquet')];
  const scored = await scoreRows({
    database,
    file,
    plan,
    shard: plan.shards[index] as (typeof plan.shards)[number],
    declaration,
    encoder,
    outputs: model.outputs,
    predict: (chunk) => model.predict(chunk),
    chunksAtOnce: model.chunksAtOnce,
    inTurn,
    scoresPath,
    rejectsPath,
    ...(featureTables && {
      join: (rows: Relation) => tables.join(rows, { database, tables: featureTables, declaration, encoder, scratch }),
    }),
  });
  const result = { ...scored, rejectsPath: scored.rejected === 0 ? null : rejectsPath };
  if (format === 'parquet' || rank !== null) return { ...result, scoresPath };
  const converted = join(scratch, `scores.${format}`);
  await convertScores(database, scoresPath, converted, format);
  return { ...result, scoresPath: converted };
}

interface Where {
  readonly file: FileVersion;
  /** The version that the work is done with. */
  readonly model: ModelVersion;
  /** Bytes of the file, where the plan knows them. */
  readonly size?: number;
  /** Key of the piece that is read in the file's place. */
  readonly piece?: string;
}

/**
 * Opens this version of a file for the work, and throws a `CandidateFileError` if it can never be scored. A store of
 * files opens the file itself. If that was replaced while it was read, the result is discarded.
 */
async function withFile<Result>(
  { store, scratch, models }: Pick<CandidateFilesOptions, 'store' | 'scratch' | 'models'>,
  { file, model, size, piece }: Where,
  work: (file: CandidateFile) => Promise<Result>,
): Promise<Result> {
  const { key, versionId } = file;
  const folder = await mkdtemp(join(scratch, 'candidate-'));
  const object = piece === undefined ? { key, versionId, ...(size !== undefined && { size }) } : { key: piece };
  try {
    const result = await work({ name: key, ...(await openObjectFile(store, object, folder)) });
    if (store.hasFiles && (await isGone(store, key, versionId))) throw versionGone(key, versionId);
    return result;
  } catch (error) {
    // The next file needs a database that works.
    if (hasInvalidatedDatabase(error)) await models.discard(model);
    if (error instanceof CandidateFileError) throw error;
    if (await isGone(store, key, versionId)) throw versionGone(key, versionId);
    // An error of writing to the store names its key.
    if (isFullDisk(error) && !error.message.startsWith('cannot write'))
      throw new ScoringError(`no space left for scratch files in ${scratch}`, { cause: error });
    throw error instanceof DataError ? new CandidateFileError(error.code, error.message) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function assertRankable(key: string, rows: number, most: number): void {
  if (rows <= most) return;
  const message = `${key} has ${count(rows)} rows, expected at most ${count(most)} to rank (scoring.rank): divide it, so that no group is in two files`;
  throw new CandidateFileError('too_large', message);
}

async function isGone(store: Store, key: string, versionId: string): Promise<boolean> {
  return (await store.head(key, versionId)) === null;
}

function versionGone(key: string, versionId: string): CandidateFileError {
  return new CandidateFileError(
    'source_version_gone',
    `version ${versionId} of ${key} is gone: it was replaced or deleted before it was scored`,
  );
}
