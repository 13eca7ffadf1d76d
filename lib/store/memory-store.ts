import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkCopy, checkFolder, checkKey, checkPrefix, checkPut, compareKeys, rangeWithin } from './request.ts';
import {
  type ObjectInfo,
  ObjectNotFoundError,
  PreconditionFailedError,
  type PutOptions,
  type Store,
  type StoredObject,
} from './store.ts';

/** A store in memory that tests can look into. */
export interface MemoryStore extends Store {
  /** Keys of the current objects, in the order of `list`. */
  keys(): readonly string[];
  /** Every version ever written under a key, oldest first, those that were replaced or deleted included. */
  versions(key: string): readonly StoredObject[];
}

const STORE_URL = 'memory:';

/**
 * A versioned bucket in memory, with S3's semantics: each write is a new version with the MD5 of its bytes as etag,
 * and a replaced or deleted version can still be read by its id.
 * @param now Its clock.
 */
export function memoryStore(now: () => Date = () => new Date()): MemoryStore {
  const current = new Map<string, StoredObject>();
  const storedAt = new Map<string, Date>();
  const history = new Map<string, StoredObject[]>();
  let writes = 0;

  function find(key: string, versionId?: string): StoredObject | undefined {
    checkKey(key);
    if (versionId === undefined) return current.get(key);
    return history.get(key)?.find((object) => object.versionId === versionId);
  }

  function read(key: string, versionId?: string): StoredObject {
    const object = find(key, versionId);
    if (object === undefined) throw new ObjectNotFoundError(key, STORE_URL, versionId);
    return object;
  }

  function checkCondition(key: string, { ifAbsent, ifMatch }: PutOptions): void {
    if (ifAbsent && current.has(key)) throw new PreconditionFailedError(key, STORE_URL, 'ifAbsent');
    if (ifMatch !== undefined && read(key).etag !== ifMatch)
      throw new PreconditionFailedError(key, STORE_URL, 'ifMatch');
  }

  function write(key: string, body: Uint8Array | string, options: PutOptions): ObjectInfo {
    checkPut(key, options);
    checkCondition(key, options);
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : Uint8Array.from(body);
    writes += 1;
    const object: StoredObject = {
      key,
      size: bytes.length,
      etag: createHash('md5').update(bytes).digest('hex'),
      versionId: `v${writes}`,
      metadata: { ...options.metadata },
      body: bytes,
    };
    current.set(key, object);
    storedAt.set(key, now());
    history.set(key, [...(history.get(key) ?? []), object]);
    return infoOf(object);
  }

  return {
    url: STORE_URL,
    hasFiles: false,
    now: async () => now(),
    keys: () => [...current.keys()].sort(compareKeys),
    versions: (key) => (history.get(key) ?? []).map(copyOf),
    async head(key, versionId) {
      const object = find(key, versionId);
      return object === undefined ? null : infoOf(object);
    },
    async get(key, { versionId, range } = {}) {
      const object = read(key, versionId);
      if (range === undefined) return copyOf(object);
      const { start, end } = rangeWithin(range, object.size, key);
      return { ...infoOf(object), body: object.body.slice(start, end) };
    },
    async put(key, body, options = {}) {
      return write(key, body, options);
    },
    async delete(key) {
      checkKey(key);
      current.delete(key);
    },
    async copy(from, to) {
      checkCopy(from, to);
      const { body, metadata } = read(from);
      write(to, body, { metadata });
    },
    async *list(prefix) {
      checkPrefix(prefix);
      for (const key of [...current.keys()].sort(compareKeys)) {
        const object = current.get(key);
        if (object !== undefined && key.startsWith(prefix))
          yield { ...infoOf(object), storedAt: storedAt.get(key) ?? now() };
      }
    },
    async *listFolders(folder) {
      checkFolder(folder);
      const below = [...current.keys()].filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
      const names = below.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/') + 1));
      yield* [...new Set(names)].map((name) => `${folder}${name}`).sort(compareKeys);
    },
    async putFile(key, path, { after, ...options } = {}) {
      await after;
      return write(key, await readFile(path), options);
    },
    async toFile(key, scratch, versionId) {
      const object = read(key, versionId);
      // A folder for each version: the file keeps its name, by which others may refer to it.
      const folder = join(scratch, object.versionId);
      await mkdir(folder, { recursive: true });
      const path = join(folder, basename(key));
      await writeFile(path, object.body);
      return path;
    },
  };
}

function infoOf({ key, size, etag, versionId, metadata }: StoredObject): ObjectInfo {
  return { key, size, etag, versionId, metadata: { ...metadata } };
}

function copyOf(object: StoredObject): StoredObject {
  return { ...infoOf(object), body: object.body.slice() };
}
