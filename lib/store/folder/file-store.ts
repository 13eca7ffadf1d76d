/**
 * A store over a plain folder: objects are ordinary files, which people drop with cp or mv and read with any tool.
 * What the store needs besides lies in `.entirespace/` under the root.
 */
import { chmod, constants, copyFile, type FileHandle, open, stat, writeFile } from 'node:fs/promises';
import { checkCopy, checkFolder, checkKey, checkPrefix, checkPut } from '../request.ts';
import { type ObjectInfo, ObjectNotFoundError, type PutFileOptions, type Store } from '../store.ts';
import { readBytes, readVersion } from './read-version.ts';
import { type FileSpace, fileSpace, pathOf, sweep } from './space.ts';
import { fileStats, infoFrom, versionOf } from './version.ts';
import { foldersIn, walkFiles } from './walk.ts';
import { deleteObject, writeObject } from './write-object.ts';

const COPY_BYTES = 2 ** 20;

export interface FileStoreOptions {
  /** Time to wait for another writer of the same key, in milliseconds. @default 10 000 */
  readonly lockWaitMs?: number;
}

/**
 * The folder at `root` as a store; it is created by the first write. A version is known by the file's inode, size and
 * time of modification, without reading it, and there are no old versions: a replaced one is `ObjectNotFoundError`.
 * Conditional writes hold among processes that write through a store, on one host.
 */
export function fileStore(root: string, { lockWaitMs = 10_000 }: FileStoreOptions = {}): Store {
  const space = fileSpace(root, lockWaitMs);
  let swept: Promise<void> | undefined;

  async function write(
    key: string,
    options: PutFileOptions,
    fill: (path: string) => Promise<void>,
  ): Promise<ObjectInfo> {
    checkPut(key, options);
    // What cannot be swept does no harm; the write itself says what is wrong with the folder.
    swept ??= sweep(space).catch(() => undefined);
    await swept;
    return writeObject(space, key, options, fill);
  }

  return {
    url: space.url,
    hasFiles: true,
    now: async () => new Date(),
    async head(key, versionId) {
      checkKey(key);
      return readVersion(space, key, versionId, async (_file, info) => info);
    },
    async get(key, { versionId, range } = {}) {
      checkKey(key);
      const object = await readVersion(space, key, versionId, async (file, info) => ({
        ...info,
        body: await readBytes(file, info, range),
      }));
      return object ?? notFound(space, key, versionId);
    },
    put(key, body, options = {}) {
      return write(key, options, (path) => writeFile(path, body));
    },
    async delete(key) {
      checkKey(key);
      await deleteObject(space, key);
    },
    async copy(from, to) {
      checkCopy(from, to);
      const copied = await readVersion(space, from, undefined, (file, { metadata, versionId }) =>
        write(to, { metadata }, async (path) => {
          // Another version may have taken the name of the one that is open.
          if ((await copiedAtOnce(pathOf(space, from), path)) && (await isVersion(space, from, versionId))) return;
          await copyBytes(file, path);
        }),
      );
      if (copied === null) notFound(space, from);
    },
    async *list(prefix) {
      checkPrefix(prefix);
      for await (const [key, stats] of walkFiles(space.root, prefix)) {
        // A file that is copied with its time of modification came to be here later.
        yield { ...infoFrom(key, stats), storedAt: stats.ctime };
      }
    },
    async *listFolders(folder) {
      checkFolder(folder);
      yield* foldersIn(space.root, folder);
    },
    async putFile(key, path, options = {}) {
      return write(key, options, async (temporary) => {
        if (await copiedAtOnce(path, temporary)) return;
        const file = await open(path, 'r');
        await copyBytes(file, temporary).finally(() => file.close());
      });
    },
    async toFile(key, _scratch, versionId) {
      checkKey(key);
      const stats = await fileStats(pathOf(space, key));
      if (stats === null || (versionId !== undefined && versionOf(stats) !== versionId))
        notFound(space, key, versionId);
      return pathOf(space, key);
    },
  };
}

/** Whether the file of a key is of a version. */
async function isVersion(space: FileSpace, key: string, versionId: string): Promise<boolean> {
  const stats = await fileStats(pathOf(space, key));
  return stats !== null && versionOf(stats) === versionId;
}

/**
 * Whether a new file now has a file's bytes. The system copies them; some file systems only share them until either
 * changes. Where it cannot, the error is that of copying in pieces.
 */
async function copiedAtOnce(path: string, copy: string): Promise<boolean> {
  try {
    // To open a pipe, even without reading from it, would end its writer.
    if (!(await stat(path)).isFile()) return false;
    await copyFile(path, copy, constants.COPYFILE_FICLONE);
  } catch {
    return false;
  }
  // The copy has the mode of its source, any other object that of a new file.
  await chmod(copy, 0o666 & ~process.umask());
  return true;
}

/** Writes the bytes of an open file to a new one, in pieces. */
async function copyBytes(file: FileHandle, path: string): Promise<void> {
  await writeFile(path, file.createReadStream({ autoClose: false, highWaterMark: COPY_BYTES }));
}

function notFound(space: FileSpace, key: string, versionId?: string): never {
  throw new ObjectNotFoundError(key, space.url, versionId);
}
