/**
 * Feature tables in the bucket: `features/<entity>/dt=<date>/bucket=NNNNN.parquet`, and `_manifest.json`, which is
 * written last and names the version of every bucket. A folder without a manifest is no table.
 */
import * as z from 'zod';
import type { EntityTable } from '../../config/declaration.ts';
import {
  bucketName,
  dateOfPartition,
  FEATURE_MANIFEST,
  featuresFolder,
  partitionFolder,
} from '../../contract/bucket.ts';
import { InvalidRecordError, type RecordPlace, readRecord, type Stored } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { DataError } from '../../table/errors.ts';

const count = z.number().int().nonnegative();
const column = z.object({ name: z.string(), type: z.string() }).readonly();

const schema = z
  .object({
    formatVersion: z.literal(2),
    entity: z.string(),
    date: z.iso.date(),
    createdAt: z.iso.datetime(),
    /** Name of the column of keys. */
    key: z.string(),
    columns: z.array(column).readonly(),
    rows: count,
    /** How a key's bucket follows from its canonical text; `lib/table/hash.ts` publishes it. */
    hash: z.literal('md5_lower_64("0:" + key) % buckets'),
    buckets: count.min(1),
    /** Files of the buckets that have rows. */
    files: z
      .array(
        z
          .object({
            bucket: count,
            key: z.string(),
            versionId: z.string(),
            etag: z.string(),
            rows: count,
            bytes: count,
          })
          .readonly(),
      )
      .min(1)
      .readonly(),
  })
  .readonly();

/** What a table is, and of which files it consists. */
export type FeatureManifest = z.infer<typeof schema>;

/** One file of a table. */
export type FeatureFile = FeatureManifest['files'][number];

export const HASH: FeatureManifest['hash'] = 'md5_lower_64("0:" + key) % buckets';

const MANIFEST = { formatVersion: 2, schema };

/** A manifest as it was read, at its version. */
export interface FoundManifest extends Stored<FeatureManifest> {
  readonly key: string;
}

/** The folder of an entity's tables, ending in `/`. */
export function tablesFolder(entity: EntityTable['entity']): string {
  return featuresFolder(entity);
}

/** The folder of the table of a date, ending in `/`. */
export function tableFolder(entity: EntityTable['entity'], date: string): string {
  return partitionFolder(tablesFolder(entity), date);
}

export function featureManifestKey(entity: EntityTable['entity'], date: string): string {
  return `${tableFolder(entity, date)}${FEATURE_MANIFEST}`;
}

export function bucketKey(entity: EntityTable['entity'], date: string, bucket: number): string {
  return `${tableFolder(entity, date)}${bucketName(bucket)}`;
}

/**
 * The newest table of an entity that is complete; `null` where there is none.
 * @throws {DataError} `unreadable` if its manifest is damaged.
 */
export async function newestTable(store: Store, entity: EntityTable['entity']): Promise<FoundManifest | null> {
  const folders: string[] = [];
  for await (const folder of store.listFolders(tablesFolder(entity))) folders.push(folder);
  const dates = folders.flatMap((folder) => dateOfPartition(folder) ?? []);
  for (const date of dates.toSorted().reverse()) {
    const key = featureManifestKey(entity, date);
    const stored = await readManifest(store, { key });
    if (stored !== null) return { key, ...stored };
  }
  return null;
}

/**
 * The manifest of a table as it was when a plan pinned it; `null` where that version is gone.
 * @throws {DataError} `unreadable` if it is damaged.
 */
export async function pinnedManifest(store: Store, key: string, versionId: string): Promise<FeatureManifest | null> {
  return (await readManifest(store, { key, versionId }))?.value ?? null;
}

/** Reads a manifest. A damaged one is a fault of the data, which another try does not mend. */
async function readManifest(store: Store, place: RecordPlace): Promise<Stored<FeatureManifest> | null> {
  try {
    return await readRecord(store, MANIFEST, place);
  } catch (error) {
    if (error instanceof InvalidRecordError) throw new DataError('unreadable', error.message, { cause: error });
    throw error;
  }
}
