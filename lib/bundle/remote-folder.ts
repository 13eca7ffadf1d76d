/**
 * Bundles and trained weights in an object store. The file that describes them is written last and read first, so that
 * what was sent in part is never taken for whole.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { copyToFile } from '../store/copy-to-file.ts';
import { forEachAtOnce } from '../store/parallel.ts';
import { ObjectNotFoundError, type Store } from '../store/store.ts';
import { DataError, type DataErrorCode } from '../table/errors.ts';
import { digestFile } from '../workers/file-digest.ts';
import { BUNDLE_FILE, type Bundle, bundleSchema, TRAINED_FILE, type Trained, trainedSchema } from './format.ts';

/** A place for the files of one folder. */
export interface RemoteFolder {
  readonly store: Store;
  /** What the keys begin with; ends in `/`. */
  readonly prefix: string;
}

/** What a folder holds: its description, and the digests of the files that this names. */
interface Kind<T> {
  readonly file: string;
  readonly schema: z.ZodType<T>;
  readonly digests: (description: T) => Readonly<Record<string, string>>;
  readonly expected: string;
  readonly errors: { readonly notFound: DataErrorCode; readonly notValid: DataErrorCode };
}

/** A training bundle. */
export const BUNDLE: Kind<Bundle> = {
  file: BUNDLE_FILE,
  schema: bundleSchema,
  digests: ({ files }) => files,
  expected: 'a bundle that export-training wrote',
  errors: { notFound: 'bundle_not_found', notValid: 'bundle_not_valid' },
};

/** Trained weights. */
export const TRAINED: Kind<Trained> = {
  file: TRAINED_FILE,
  schema: trainedSchema,
  digests: ({ networks }) => Object.fromEntries(networks.map(({ weights, sha256 }) => [weights, sha256])),
  expected: 'weights that a trainer wrote',
  errors: { notFound: 'weights_not_found', notValid: 'weights_not_valid' },
};

/** Files that are on their way at the same time. */
const FILES_AT_ONCE = 4;

/** Whether a place has a whole bundle, or whole weights. */
export async function isThere({ file }: { readonly file: string }, { store, prefix }: RemoteFolder): Promise<boolean> {
  return (await store.head(`${prefix}${file}`)) !== null;
}

/** What is sent of a folder. */
interface SendOptions<T> {
  readonly description: T;
  /** Paths of files that are at the place already. @default none */
  readonly sent?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

/** Sends the files of a local folder, and then its description, which was read from it. */
export async function sendFolder<T>(
  kind: Kind<T>,
  folder: string,
  { store, prefix }: RemoteFolder,
  { description, sent = new Set(), signal }: SendOptions<T>,
): Promise<void> {
  const paths = Object.keys(kind.digests(description)).filter((path) => !sent.has(path));
  await forEachAtOnce(paths, FILES_AT_ONCE, async (path) => {
    signal?.throwIfAborted();
    await store.putFile(`${prefix}${path}`, join(folder, path));
  });
  signal?.throwIfAborted();
  await store.putFile(`${prefix}${kind.file}`, join(folder, kind.file));
}

/**
 * Copies what a place has into a local folder, and returns its description.
 * @throws {DataError} where there is nothing, a file is missing, or one has another SHA-256 than the description gives.
 */
export async function fetchFolder<T>(
  kind: Kind<T>,
  { store, prefix }: RemoteFolder,
  folder: string,
  signal?: AbortSignal,
): Promise<T> {
  const fetchFile = (path: string) =>
    copyToFile(store, { key: `${prefix}${path}` }, join(folder, path)).catch((cause: unknown) => {
      if (!(cause instanceof ObjectNotFoundError)) throw cause;
      throw new DataError(
        kind.errors.notFound,
        `${store.url}/${prefix}${path} is not there, expected ${kind.expected} below ${prefix}`,
        { cause },
      );
    });
  const description = await readDescription(kind, { store, prefix });
  await forEachAtOnce(Object.entries(kind.digests(description)), FILES_AT_ONCE, async ([path, sha256]) => {
    signal?.throwIfAborted();
    await fetchFile(path);
    if ((await digestFile(join(folder, path))).sha256 === sha256) return;
    throw new DataError(
      kind.errors.notValid,
      `${store.url}/${prefix}${path} was changed: it has another SHA-256 than ${kind.file} gives`,
    );
  });
  await fetchFile(kind.file);
  return description;
}

/**
 * Reads the description of what a place has.
 * @throws {DataError} where it is not there, or is none.
 */
export async function readDescription<T>(kind: Kind<T>, { store, prefix }: RemoteFolder): Promise<T> {
  const place = `${store.url}/${prefix}${kind.file}`;
  const { body } = await store.get(`${prefix}${kind.file}`).catch((cause: unknown) => {
    if (!(cause instanceof ObjectNotFoundError)) throw cause;
    throw new DataError(kind.errors.notFound, `${place} is not there, expected ${kind.expected}`, { cause });
  });
  try {
    return kind.schema.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : 'no JSON';
    throw new DataError(kind.errors.notValid, `${place} is not ${kind.expected}: ${why}`, { cause });
  }
}
