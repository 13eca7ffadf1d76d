/** The work on the rows of candidate files: the store's bytes, DuckDB's rows and onnxruntime's scores behind one port. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import { planCandidates, scoreRows } from '../table/candidates.ts';
import type { Column, Relation } from '../table/columns.ts';
import { DataError } from '../table/errors.ts';
import { CandidateFileError } from './errors.ts';
import { type FeatureTables, featureTables } from './feature-tables.ts';
import type { FileVersion } from './identity.ts';
import type { ModelLoader } from './models.ts';
import type { CandidateFiles, ScoredShard, ShardRequest } from './ports.ts';

export interface CandidateFilesOptions {
  readonly store: Store;
  readonly models: ModelLoader;
  /** Existing folder for copies of candidate files. */
  readonly scratch: string;
  /** Rows of a shard: the unit of work, and of loss. @default 500,000: well under a minute, and a part under 64 MiB */
  readonly shardRows?: number;
  /** Existing folder for copies of feature tables, which are kept from shard to shard. @default `scratch` */
  readonly tablesFolder?: string;
  /** As `FeatureTablesOptions.wholeBytes`. */
  readonly wholeTableBytes?: number;
}

const SHARD_ROWS = 500_000;

/** Plans and scores candidate files with the model version that each request names. */
export function candidateFiles({
  store,
  models,
  scratch,
  shardRows = SHARD_ROWS,
  tablesFolder = scratch,
  wholeTableBytes,
}: CandidateFilesOptions): CandidateFiles {
  const tables = featureTables({
    store,
    folder: tablesFolder,
    ...(wholeTableBytes && { wholeBytes: wholeTableBytes }),
  });
  return {
    plan: (file, version) =>
      withFile({ store, scratch }, file, async (path) => {
        const { database, encoder, declaration } = await models.load(version);
        const findTables = (columns: readonly Column[]) => tables.find(columns, { declaration, encoder });
        return planCandidates(database, path, { shardRows, name: file.key, encoder, declaration, findTables });
      }),
    scoreShard: (request) =>
      withFile({ store, scratch }, request.file, (path) => scoreRange({ models, tables }, request, path)),
  };
}

async function scoreRange(
  { models, tables }: { readonly models: ModelLoader; readonly tables: FeatureTables },
  request: ShardRequest,
  path: string,
): Promise<ScoredShard> {
  const { file, plan, shard: index, scratch } = request;
  const { database, encoder, declaration, model } = await models.load(request.model);
  const { featureTables } = plan;
  const shard = plan.shards[index];
  if (shard === undefined)
    throw new RangeError(`no shard ${index} in the plan of ${file.key}: it has ${plan.shards.length}`);
  const [scoresPath, rejectsPath] = [join(scratch, 'scores.parquet'), join(scratch, 'rejects.parquet')];
  const scored = await scoreRows({
    database,
    path,
    name: file.key,
    plan,
    shard,
    declaration,
    encoder,
    outputs: model.outputs,
    predict: (chunk) => model.predict(chunk),
    scoresPath,
    rejectsPath,
    ...(featureTables && {
      join: (rows: Relation) => tables.join(rows, { database, tables: featureTables, declaration, encoder, scratch }),
    }),
  });
  return { ...scored, scoresPath, rejectsPath: scored.rejected === 0 ? null : rejectsPath };
}

/**
 * Hands a local path of this version to the work, and says of what can never be scored that it cannot. A store of files
 * gives the file itself, which may be replaced while it is read: whatever came of that counts for nothing.
 */
async function withFile<Result>(
  { store, scratch }: Pick<CandidateFilesOptions, 'store' | 'scratch'>,
  { key, versionId }: FileVersion,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(scratch, 'candidate-'));
  try {
    const result = await work(await store.toFile(key, folder, versionId));
    if (await isGone(store, key, versionId)) throw versionGone(key, versionId);
    return result;
  } catch (error) {
    if (error instanceof CandidateFileError) throw error;
    if (await isGone(store, key, versionId)) throw versionGone(key, versionId);
    throw error instanceof DataError ? new CandidateFileError(error.code, error.message) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
