/**
 * The one way to open a model version: its declaration, its encoder in a database, and its scoring session. Rows go in,
 * probabilities come out. A caller that needs less takes an earlier step: the declaration alone, or no session.
 */
import type { Declaration } from '../config/declaration.ts';
import { openScoringModel, type ScoringModel } from '../engine/ort/scoring-model.ts';
import { beginFetch, type FetchedVersion, fetchVersion } from '../registry/fetch-version.ts';
import type { Store } from '../store/store.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../table/database.ts';
import type { Encoder } from '../table/encoder.ts';
import { readEncoder } from '../table/fit/encoder-files.ts';
import { beginVersion, type StartedThreads, type VersionName } from './begin-version.ts';
import { readDeclarationFiles } from './declaration-files.ts';

/** The files of a model version in a local folder. */
export interface ModelFiles {
  readonly folder: string;
  /** The declaration that it was trained by. */
  readonly declaration: Declaration;
}

/** A model version whose encoder can be used. */
export interface EncodingModel extends ModelFiles {
  readonly encoder: Encoder;
  /** Holds the encoder's vocabularies. */
  readonly database: Database;
}

/** A model version that encodes and scores rows. */
export interface Predictor extends EncodingModel, ScoringModel {}

/**
 * A version's files in a folder, which must have been verified before or just written.
 * @throws {DeclarationError} where the declaration is not one that this release reads.
 */
export async function modelFiles(folder: string): Promise<ModelFiles> {
  return { folder, declaration: await readDeclarationFiles(folder) };
}

/**
 * Fetches the files of a published version and verifies them against its manifest; copies of them go to `cacheFolder`.
 * @throws {VersionNotFoundError | ModelCorruptedError} as `fetchVersion`.
 * @throws {DeclarationError} as `modelFiles`.
 */
export async function fetchModel(
  store: Store,
  { name, version }: VersionName,
  cacheFolder: string,
): Promise<ModelFiles> {
  return modelFiles(await fetchVersion(store, name, version, cacheFolder));
}

/**
 * Reads the encoder of a version into a database.
 * @throws {EncoderMismatchError} where this release encodes the probe's values to anything else than was recorded.
 * @throws {Error} where the encoder's files cannot be read.
 */
export async function openEncoder(database: Database, files: ModelFiles): Promise<EncodingModel> {
  return { ...files, database, encoder: await readEncoder(database, files.folder) };
}

/**
 * Opens a version in a database that the caller closes.
 * @throws {EncoderMismatchError | Error} as `openEncoder`.
 */
export async function openModel(
  database: Database,
  files: ModelFiles,
  { threads }: { readonly threads: number },
): Promise<Predictor> {
  const model = await openEncoder(database, files);
  return { ...model, ...(await openScoringModel(files.folder, { threads })) };
}

/** What a version is opened with. */
export interface OpenVersionOptions extends DatabaseOptions {
  /**
   * Threads that are started already, because many rows will be scored. They are released with the version.
   * @default they are started when it is known how many rows there are
   */
  readonly started?: StartedThreads | null;
}

/** A version that is being opened. */
export interface OpeningVersion {
  /** Resolves once its files are verified and its encoder can be used. Its failure is that of `predictor`, too. */
  readonly encoding: Promise<EncodingModel>;
  readonly predictor: Promise<Predictor>;
}

/**
 * Fetches a published version and opens it in a database of its own; `release` closes both. `scratch` is the folder for
 * the version's files and for what does not fit in memory. The promises reject with
 * `VersionNotFoundError | ModelCorruptedError | DeclarationError | EncoderMismatchError | Error`.
 */
export function openVersion(store: Store, version: VersionName, options: OpenVersionOptions): OpeningVersion {
  const { started = null, scratch } = options;
  const fetched =
    started === null
      ? beginFetch(store, version.name, version.version, scratch)
      : fetchedBy(started, store, version, scratch);
  // In parallel: the encoder is opened by DuckDB's threads.
  const scoring = fetched.then(async ({ folder, verified }) => {
    // Of threads that are started, one reads the model while another verifies it.
    if (started === null) await verified;
    const opening = openScoringModel(folder, { ...options, started: started?.threads ?? null });
    opening.catch(() => undefined);
    await verified;
    return opening;
  });
  const encoding = openVerified(fetched, options);
  const predictor = bothOpened(encoding, scoring, started);
  // Whoever opens a version may await only one of the two.
  encoding.catch(() => undefined);
  predictor.catch(() => undefined);
  return { encoding, predictor };
}

/** Returns the files that threads have begun with; they begin now where that was another version, or none. */
function fetchedBy(
  { threads, begun }: StartedThreads,
  store: Store,
  version: VersionName,
  cacheFolder: string,
): Promise<FetchedVersion> {
  const isBegun = begun?.version.name === version.name && begun.version.version === version.version;
  return isBegun ? begun.fetched : beginVersion(store, version, { threads, cacheFolder }).fetched;
}

/**
 * Returns DuckDB's threads beside so many that score. The thread that asks for rows works on them itself; where another
 * of DuckDB's has them, it asks again and again until they are there, and takes a core from the scoring meanwhile.
 */
function readingThreads(threads: number): number {
  return Math.max(1, Math.floor(threads / 2));
}

async function openVerified(fetched: Promise<FetchedVersion>, options: DatabaseOptions): Promise<EncodingModel> {
  const { folder, verified } = await fetched;
  // The declaration is parsed while a thread of DuckDB's opens the database.
  const files = modelFiles(folder);
  files.catch(() => undefined);
  const database = await openDatabase({ ...options, threads: readingThreads(options.threads) });
  try {
    const model = await openEncoder(database, await files);
    await verified;
    return model;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Returns the two parts as one. If one fails, the other is released. */
async function bothOpened(
  encoding: Promise<EncodingModel>,
  scoring: Promise<ScoringModel>,
  started: StartedThreads | null,
): Promise<Predictor> {
  const [encoded, scored] = await Promise.allSettled([encoding, scoring]);
  if (encoded.status === 'fulfilled' && scored.status === 'fulfilled') {
    const { database } = encoded.value;
    // Threads end while the database is closed.
    const release = async () => {
      await Promise.all([scored.value.release(), database.close()]);
    };
    return { ...encoded.value, ...scored.value, release };
  }
  if (scored.status === 'fulfilled') await scored.value.release();
  else await started?.threads.release();
  if (encoded.status === 'fulfilled') await encoded.value.database.close();
  throw encoded.status === 'rejected' ? encoded.reason : (scored as PromiseRejectedResult).reason;
}
