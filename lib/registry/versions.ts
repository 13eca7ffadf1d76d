import { PREFIXES } from '../contract/bucket.ts';
import { getIfPresent, InvalidRecordError } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { VersionNotFoundError } from './errors.ts';
import { manifestKey, modelPrefix, versionFromManifestKey, versionPrefix } from './keys.ts';
import { type ModelManifest, parseManifest } from './manifest.ts';

// Most versions that a message names; after years there are thousands.
const VERSIONS_SHOWN = 10;

/** Names of the models that have a published version, in order. */
export async function listModels(store: Store): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { name } of await publishedBelow(store, PREFIXES.models)) names.add(name);
  return [...names];
}

/** Published versions of a model, oldest first. */
export async function listVersions(store: Store, name: string): Promise<readonly string[]> {
  return (await publishedBelow(store, modelPrefix(name))).map(({ version }) => version);
}

/**
 * The manifest of a published version.
 * @throws {VersionNotFoundError} naming the versions that there are.
 * @throws {InvalidRecordError} where the manifest is not valid, or is another version's.
 */
export async function readManifest(store: Store, name: string, version: string): Promise<ModelManifest> {
  const object = await getIfPresent(store, manifestKey(name, version));
  if (object === null) throw await versionNotFound(store, name, version);
  return parseManifest(new TextDecoder().decode(object.body), name, version, store.url);
}

/**
 * What is wrong with a version's manifest or with the names and sizes of its files, for people; `null` for nothing.
 * Their content is not read.
 */
export async function problemOf(store: Store, name: string, version: string): Promise<string | null> {
  try {
    const { files } = await readManifest(store, name, version);
    const prefix = versionPrefix(name, version);
    const sizes = new Map<string, number>();
    for await (const { key, size } of store.list(prefix)) sizes.set(key.slice(prefix.length), size);
    const [first, ...others] = Object.entries(files).flatMap(([path, { bytes }]) => {
      const size = sizes.get(path);
      if (size === undefined) return [`${path} is missing`];
      return size === bytes ? [] : [`${path} has ${size} bytes, expected ${bytes}`];
    });
    if (first === undefined) return null;
    return others.length === 0 ? first : `${first}, and ${others.length} more`;
  } catch (error) {
    if (error instanceof VersionNotFoundError) return 'its files are gone';
    if (error instanceof InvalidRecordError) return error.message;
    throw error;
  }
}

async function publishedBelow(store: Store, prefix: string) {
  const found: { readonly name: string; readonly version: string }[] = [];
  for await (const { key } of store.list(prefix)) {
    const published = versionFromManifestKey(key);
    if (published !== null) found.push(published);
  }
  return found;
}

async function versionNotFound(store: Store, name: string, version: string): Promise<VersionNotFoundError> {
  for await (const _file of store.list(versionPrefix(name, version)))
    return new VersionNotFoundError(
      `version ${version} of model ${name} in ${store.url} was never completed: it has files, but no manifest`,
    );
  const versions = await listVersions(store, name);
  const shown = versions.slice(-VERSIONS_SHOWN).join(', ');
  const earlier = versions.length > VERSIONS_SHOWN ? `${versions.length - VERSIONS_SHOWN} older ones and ` : '';
  const known = versions.length === 0 ? 'it has none' : `there are: ${earlier}${shown}`;
  return new VersionNotFoundError(`no version ${version} of model ${name} in ${store.url}; ${known}`);
}
