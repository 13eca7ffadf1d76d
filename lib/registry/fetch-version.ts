import { mkdir, mkdtemp, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MANIFEST_FILE, MODEL_FILE } from '../contract/bucket.ts';
import { byteText } from '../numbers/text.ts';
import { ifThere } from '../store/errno.ts';
import { mapAtOnce } from '../store/parallel.ts';
import type { Store } from '../store/store.ts';
import { digestFile, type FileDigest } from '../workers/file-digest.ts';
import { ModelCorruptedError, NoRoomForVersionError } from './errors.ts';
import { versionPrefix } from './keys.ts';
import type { ModelManifest } from './manifest.ts';
import { readManifest } from './versions.ts';

/** Returns the digest of a local file. */
type Digest = (path: string) => Promise<FileDigest>;

/** The files of a version in a local folder, of which the largest may still be read for its digest. */
export interface FetchedVersion {
  readonly folder: string;
  /**
   * Resolves once `model.onnx` has the digest that the manifest gives. All other files have theirs.
   * @throws {ModelCorruptedError}
   */
  readonly verified: Promise<void>;
}

/**
 * A local folder with the files of a published version, each of which was read and has the digest that the manifest
 * gives. From a store of files it is the store's own folder, which must not be changed; other stores are copied to
 * `<cacheFolder>/<name>/<version>`, and not copied again while that copy is intact.
 * @throws {VersionNotFoundError} where there is no such version.
 * @throws {ModelCorruptedError} naming every file that is missing, not in the manifest, or of other content.
 * @throws {NoRoomForVersionError} before anything is copied, where the disk has less room than the files need.
 */
export async function fetchVersion(store: Store, name: string, version: string, cacheFolder: string): Promise<string> {
  const { folder, verified } = await beginFetch(store, name, version, cacheFolder);
  await verified;
  return folder;
}

/**
 * As `fetchVersion`, but `model.onnx` of a store of files is verified while the other files are already used.
 * @param digestModel computes its digest, as another thread may do. @default this thread
 * @throws {VersionNotFoundError | ModelCorruptedError | NoRoomForVersionError} as `fetchVersion`.
 */
export async function beginFetch(
  store: Store,
  name: string,
  version: string,
  cacheFolder: string,
  digestModel = digestFile,
): Promise<FetchedVersion> {
  const manifest = await readManifest(store, name, version);
  if (store.hasFiles) return verifyInPlace(store, manifest, { cacheFolder, digestModel });
  const folder = resolve(cacheFolder, name, version);
  if ((await differencesOf(manifest, (path) => join(folder, path))).length > 0)
    await copyVersion(store, manifest, folder, cacheFolder);
  return { folder, verified: Promise.resolve() };
}

async function verifyInPlace(
  store: Store,
  manifest: ModelManifest,
  { cacheFolder, digestModel }: { readonly cacheFolder: string; readonly digestModel: Digest },
): Promise<FetchedVersion> {
  const local = await toFiles(store, manifest, cacheFolder);
  const pathOf = (path: string) => local.get(path) ?? '';
  const model = differencesOf(manifest, pathOf, { paths: [MODEL_FILE], digest: digestModel });
  model.catch(() => undefined);
  const paths = Object.keys(manifest.files).filter((path) => path !== MODEL_FILE);
  const others = await differencesOf(manifest, pathOf, { paths });
  const verified = model.then((found) => refuse([...others, ...found], manifest, store.url));
  if (others.length > 0) await verified;
  // The user of the files awaits it; until then, a failure must not count as unhandled.
  verified.catch(() => undefined);
  return { folder: dirname(local.get(MODEL_FILE) ?? ''), verified };
}

async function copyVersion(store: Store, manifest: ModelManifest, folder: string, cacheFolder: string): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  await requireRoom(manifest, cacheFolder);
  const scratch = await mkdtemp(join(resolve(cacheFolder), 'fetch-'));
  try {
    const local = await toFiles(store, manifest, scratch);
    refuse(await differencesOf(manifest, (path) => local.get(path) ?? ''), manifest, store.url);
    for (const [path, from] of local) await move(from, join(folder, path));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function requireRoom({ files, name, version }: ModelManifest, folder: string): Promise<void> {
  const needed = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  throw new NoRoomForVersionError(
    `${name} ${version} has ${byteText(needed)} of files, expected at most the ${byteText(bavail * bsize)} that are free in ${folder}: give functions more scratch disk (-c scratch), or score on a machine (entirespace score)`,
  );
}

/** Local paths by path in the version. */
async function toFiles(store: Store, manifest: ModelManifest, scratch: string): Promise<ReadonlyMap<string, string>> {
  const prefix = versionPrefix(manifest.name, manifest.version);
  const stored = new Set<string>();
  for await (const { key } of store.list(prefix)) stored.add(key.slice(prefix.length));
  const missing = Object.keys(manifest.files).filter((path) => !stored.has(path));
  // A reader of `vocabularies/*.parquet` would take such a file for a part of the model.
  const unnamed = [...stored].filter((path) => path !== MANIFEST_FILE && !Object.hasOwn(manifest.files, path));
  const problems = [
    ...missing.map((path) => `${path} is missing`),
    ...unnamed.map((path) => `${path} is not in its manifest`),
  ];
  refuse(problems, manifest, store.url);

  const paths = Object.keys(manifest.files);
  return new Map(await mapAtOnce(paths, async (path) => [path, await store.toFile(`${prefix}${path}`, scratch)]));
}

/** What is wrong with the files at these local paths, for people. */
async function differencesOf(
  { files }: ModelManifest,
  pathOf: (path: string) => string,
  {
    paths = Object.keys(files),
    digest = digestFile,
  }: { readonly paths?: readonly string[]; readonly digest?: Digest } = {},
): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const path of paths) {
    const expected = files[path]?.sha256;
    const got = (await ifThere(digest(pathOf(path))))?.sha256;
    if (got === undefined) differences.push(`${path} is missing`);
    else if (got !== expected) differences.push(`${path}: sha256 got ${got}, expected ${expected}`);
  }
  return differences;
}

function refuse(problems: readonly string[], { name, version }: ModelManifest, storeUrl: string): void {
  if (problems.length === 0) return;
  throw new ModelCorruptedError(
    `${name} ${version} does not match its manifest: ${problems.join('; ')} (in ${storeUrl})`,
  );
}

async function move(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
}
