import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DECLARATION_FILE, MANIFEST_FILE, MODEL_FILE } from '../contract/bucket.ts';
import { putConditionally } from '../store/conditional-put.ts';
import { recordText } from '../store/records.ts';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import { digestFile } from '../workers/file-digest.ts';
import { manifestKey, versionIdFrom, versionPrefix } from './keys.ts';
import { MANIFEST_FORMAT, type ManifestFacts, type ManifestFile, parseManifest } from './manifest.ts';
import { filesBelow } from './version-files.ts';

/** Files without which a model cannot be scored or explained. */
const REQUIRED_FILES = [MODEL_FILE, 'inputs.json', 'encoder.json', 'probe.json', DECLARATION_FILE, 'metrics.json'];

/** A version to publish. */
export interface Publication {
  readonly name: string;
  /** Local folder whose files, subfolders included, become the version. */
  readonly folder: string;
  readonly facts: ManifestFacts;
  readonly createdAt: Date;
}

/**
 * Publishes a folder as a new version and returns its id. A version exists from the moment its manifest does, which is
 * written last: a publication that fails before leaves nothing that anyone sees, and can be repeated.
 * @throws {Error} where a file is missing in the folder, or the version exists already.
 */
export async function publishVersion(store: Store, { name, folder, facts, createdAt }: Publication): Promise<string> {
  const files = await digestFolder(folder);
  const version = versionIdFrom(createdAt, files[MODEL_FILE]?.sha256 ?? '');
  const content = {
    formatVersion: MANIFEST_FORMAT,
    name,
    version,
    createdAt: createdAt.toISOString(),
    files,
    declarationSha256: files[DECLARATION_FILE]?.sha256,
    ...facts,
  };
  const manifest = recordText(content);
  parseManifest(manifest, name, version, store.url);

  const key = manifestKey(name, version);
  if ((await store.head(key)) !== null) throw existsAlready(store, name, version);
  const put: string[] = [];
  const manifestWritten = await putAll().catch(async (error: unknown) => {
    // The disk of a folder may be full. A bucket that is away cannot be tidied; `models prune` does it later.
    if (store.hasFiles) await Promise.allSettled(put.map((file) => store.delete(file)));
    throw error;
  });
  if (manifestWritten === null) throw existsAlready(store, name, version);
  return version;

  async function putAll() {
    for (const [path, { sha256 }] of Object.entries(files)) {
      const file = `${versionPrefix(name, version)}${path}`;
      if (await putOnce(store, file, join(folder, path), sha256)) put.push(file);
    }
    return putConditionally({ store, newWriterId: randomUUID }, { key, content: manifest, expected: null });
  }
}

async function digestFolder(folder: string): Promise<Readonly<Record<string, ManifestFile>>> {
  const paths = await filesBelow(folder);
  const missing = REQUIRED_FILES.filter((path) => !paths.includes(path));
  if (missing.length > 0) throw new Error(`model files missing: ${missing.join(', ')} (in ${folder})`);
  if (paths.includes(MANIFEST_FILE)) throw new Error(`${MANIFEST_FILE} is written by publishing, got one in ${folder}`);
  const files: Record<string, ManifestFile> = {};
  for (const path of paths) files[path] = await digestFile(join(folder, path));
  return files;
}

/**
 * Returns whether it has written the object. It never overwrites one: where a publication of the same second and model
 * is already there, its bytes must be these.
 */
async function putOnce(store: Store, key: string, path: string, sha256: string): Promise<boolean> {
  const put = { key, content: { path }, expected: null, metadata: { sha256 } };
  if (await putConditionally({ store, newWriterId: randomUUID }, put)) return true;
  if ((await store.head(key))?.metadata.sha256 !== sha256)
    throw new PreconditionFailedError(key, store.url, 'ifAbsent');
  return false;
}

function existsAlready(store: Store, name: string, version: string): Error {
  return new Error(`version ${version} of model ${name} exists already in ${store.url}`);
}
