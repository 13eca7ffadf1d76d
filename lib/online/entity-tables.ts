/** The newest feature tables of a bucket, read into memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntityTable } from '../config/declaration.ts';
import { type FoundManifest, newestTable, tableFolder } from '../scoring/rows/feature-manifest.ts';
import { mapAtOnce } from '../store/parallel.ts';
import { ObjectNotFoundError, type Store } from '../store/store.ts';
import { type EntityReader, type EntityRows, readEntityRows } from '../table/objects/entity-rows.ts';

/** A table that was found. */
export interface NewestTable extends FoundManifest {
  readonly entity: EntityTable;
}

/** Returns the newest table of each entity that has one. */
export async function newestTables(store: Store, entities: readonly EntityTable[]): Promise<readonly NewestTable[]> {
  const found = await mapAtOnce(entities, async (entity) => ({
    entity,
    table: await newestTable(store, entity.entity),
  }));
  return found.flatMap(({ entity, table }) => (table === null ? [] : { entity, ...table }));
}

/**
 * Reads tables into memory, one after the other.
 * @throws {DataError} as `readEntityRows`.
 * @throws {Error} if a file was replaced or deleted meanwhile.
 */
export async function readTables(
  { store, scratch, reader }: { readonly store: Store; readonly scratch: string; readonly reader: EntityReader },
  tables: readonly NewestTable[],
): Promise<readonly EntityRows[]> {
  const read: EntityRows[] = [];
  for (const { entity, value: manifest } of tables) {
    const folder = await mkdtemp(join(scratch, 'entities-'));
    try {
      const paths = await mapAtOnce(manifest.files, ({ key, versionId }) => toFile(store, key, folder, versionId));
      const place = tableFolder(entity.entity, manifest.date);
      read.push(await readEntityRows(reader, { ...manifest, entity, place, paths }));
      // A store of files has them read in place.
      if (store.hasFiles)
        await mapAtOnce(manifest.files, async ({ key, versionId }) => {
          if ((await store.head(key, versionId)) === null) throw versionGone(key, versionId);
        });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return read;
}

async function toFile(store: Store, key: string, folder: string, versionId: string): Promise<string> {
  try {
    return await store.toFile(key, folder, versionId);
  } catch (error) {
    throw error instanceof ObjectNotFoundError ? versionGone(key, versionId) : error;
  }
}

function versionGone(key: string, versionId: string): Error {
  return new Error(`version ${versionId} of ${key} is gone: it was replaced or deleted while it was read`);
}
