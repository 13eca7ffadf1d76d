import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { MANIFEST_FILE, MODEL_FILE } from '../contract/bucket.ts';
import { ifThere } from '../store/errno.ts';
import type { Store } from '../store/store.ts';
import { ModelCorruptedError } from './errors.ts';
import { versionPrefix } from './keys.ts';
import type { ModelManifest } from './manifest.ts';
import { digestFile } from './version-files.ts';
import { readManifest } from './versions.ts';

/**
 * A local folder with the files of a published version, each of which was read and has the digest that the manifest
 * gives. From a store of files it is the store's own folder, which must not be changed; other stores are copied to
 * `<cacheFolder>/<name>/<version>`, and not copied again while that copy is intact.
 * @throws {VersionNotFoundError} where there is no such version.
 * @throws {ModelCorruptedError} naming every file that is missing, not in the manifest, or of other content.
 */
export async function fetchVersion(store: Store, name: string, version: string, cacheFolder: string): Promise<string> {
  const manifest = await readManifest(store, name, version);
  const cached = resolve(cacheFolder, name, version);
  if ((await differencesOf(manifest, (path) => join(cached, path))).length === 0) return cached;

  await mkdir(cacheFolder, { recursive: true });
  const scratch = await mkdtemp(join(resolve(cacheFolder), 'fetch-'));
  try {
    const local = await toFiles(store, manifest, scratch);
    refuse(await differencesOf(manifest, (path) => local.get(path) ?? ''), manifest, store.url);
    const modelPath = local.get(MODEL_FILE) ?? '';
    if (!modelPath.startsWith(`${scratch}${sep}`)) return dirname(modelPath);
    for (const [path, from] of local) await move(from, join(cached, path));
    return cached;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
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

  const local = new Map<string, string>();
  for (const path of Object.keys(manifest.files)) local.set(path, await store.toFile(`${prefix}${path}`, scratch));
  return local;
}

/** What is wrong with the files at these local paths, for people. */
async function differencesOf({ files }: ModelManifest, pathOf: (path: string) => string): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const [path, { sha256 }] of Object.entries(files)) {
    const got = (await ifThere(digestFile(pathOf(path))))?.sha256;
    if (got === undefined) differences.push(`${path} is missing`);
    else if (got !== sha256) differences.push(`${path}: sha256 got ${got}, expected ${sha256}`);
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
