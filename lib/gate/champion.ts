/** Opens the current version, so that the gate can score the held-out rows with it. */
import { join } from 'node:path';
import { DeclarationError } from '../config/declaration-error.ts';
import { fetchModel, openModel, type Predictor } from '../predictor/open-model.ts';
import type { CurrentVersion } from '../registry/current.ts';
import { ModelCorruptedError, VersionNotFoundError } from '../registry/errors.ts';
import type { ModelManifest } from '../registry/manifest.ts';
import { readManifest } from '../registry/versions.ts';
import { InvalidRecordError } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { checkLogColumns } from '../table/check/required-columns.ts';
import { DataError, firstLine } from '../table/errors.ts';
import type { OpenedLog } from '../table/open-log.ts';

/** A published version that can score the log. */
export interface OpenedChampion {
  readonly version: string;
  readonly createdAt: Date;
  /** The section `data` of its manifest, on the rows that it was trained on. */
  readonly data: ModelManifest['data'];
  /** The version's model, opened in the log's database. The caller of `openChampion` must release it. */
  readonly model: Predictor;
}

/** The store that has the champion, the log to score, and the means to open a model. */
export interface ChampionPlace {
  readonly store: Store;
  readonly opened: OpenedLog;
  /** Folder for the version's files; the caller removes it. */
  readonly scratch: string;
  readonly threads: number;
}

/**
 * Opens the current version. If its files cannot be read, or the log lacks columns that they need, `problem` says so.
 */
export async function openChampion(
  { store, opened: { database, log }, scratch, threads }: ChampionPlace,
  { version }: CurrentVersion,
): Promise<OpenedChampion | { readonly problem: string }> {
  const { name } = log.declaration;
  try {
    const { createdAt, data } = await readManifest(store, name, version);
    const files = await fetchModel(store, { name, version }, join(scratch, 'champion'));
    checkLogColumns(log.source.relation, { ...log.declaration, features: files.declaration.features });
    // The files are exactly those that were published, so an error means that this release cannot read them.
    const model = await openModel(database, files, { threads }).catch((cause: unknown) => {
      throw new ModelCorruptedError(firstLine(cause), { cause });
    });
    return { version, createdAt: new Date(createdAt), data, model };
  } catch (error) {
    if (!UNFIT.some((type) => error instanceof type)) throw error;
    return {
      problem: `the current version ${version} cannot be compared with: ${(error as Error).message} (only models promote --force replaces it)`,
    };
  }
}

const UNFIT = [ModelCorruptedError, VersionNotFoundError, InvalidRecordError, DeclarationError, DataError];
