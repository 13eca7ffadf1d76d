/** The work on the rows of candidate files: the store's bytes, DuckDB's rows and onnxruntime's scores behind one port. */
import { join } from 'node:path';
import { ObjectNotFoundError, type Store } from '../store/store.ts';
import { planCandidates, scoreRows } from '../table/candidates.ts';
import { DataError } from '../table/errors.ts';
import { CandidateFileError } from './errors.ts';
import type { FileVersion } from './identity.ts';
import type { ModelLoader } from './models.ts';
import type { CandidateFiles } from './ports.ts';

export interface CandidateFilesOptions {
  readonly store: Store;
  readonly models: ModelLoader;
  /** Existing folder for copies of candidate files. */
  readonly scratch: string;
  /** Rows of a shard: the unit of work, and of loss. @default 500,000: well under a minute, and a part under 64 MiB */
  readonly shardRows?: number;
}

const SHARD_ROWS = 500_000;

/** Plans and scores candidate files with the model version that each request names. */
export function candidateFiles({
  store,
  models,
  scratch,
  shardRows = SHARD_ROWS,
}: CandidateFilesOptions): CandidateFiles {
  return {
    plan: (file, version) =>
      refusingBadFiles(file, async () => {
        const { database, encoder, declaration } = await models.load(version);
        const path = await store.toFile(file.key, scratch, file.versionId);
        return planCandidates(database, path, { shardRows, name: file.key, encoder, declaration });
      }),
    scoreShard: ({ file, plan, shard, model: version, scratch: folder }) =>
      refusingBadFiles(file, async () => {
        const { database, encoder, declaration, model } = await models.load(version);
        const chosen = plan.shards[shard];
        if (chosen === undefined)
          throw new RangeError(`no shard ${shard} in the plan of ${file.key}: it has ${plan.shards.length}`);
        const [scoresPath, rejectsPath] = [join(folder, 'scores.parquet'), join(folder, 'rejects.parquet')];
        const scored = await scoreRows({
          database,
          path: await store.toFile(file.key, folder, file.versionId),
          name: file.key,
          plan,
          shard: chosen,
          declaration,
          encoder,
          outputs: model.outputs,
          predict: (chunk) => model.predict(chunk),
          scoresPath,
          rejectsPath,
        });
        return { ...scored, scoresPath, rejectsPath: scored.rejected === 0 ? null : rejectsPath };
      }),
  };
}

/** What can never be scored, however often it is tried, is said to be so. */
async function refusingBadFiles<T>({ key, versionId }: FileVersion, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DataError) throw new CandidateFileError(error.code, error.message);
    if (error instanceof ObjectNotFoundError && error.key === key) {
      throw new CandidateFileError(
        'source_version_gone',
        `version ${versionId} of ${key} is gone: it was replaced or deleted before it was scored`,
      );
    }
    throw error;
  }
}
