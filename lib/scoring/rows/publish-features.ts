/** Feature tables, from a checked file to the bucket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BUCKET_NAME_START } from '../../contract/bucket.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { getIfPresent, recordText } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { type BucketFile, type CheckedTable, writeBuckets } from '../../table/candidates/entity-table.ts';
import type { Database } from '../../table/database.ts';
import { digestFile } from '../../workers/file-digest.ts';
import { ScoringError } from '../errors.ts';
import type { ScoringDependencies } from '../protocol/ports.ts';
import {
  bucketKey,
  type FeatureFile,
  type FeatureManifest,
  featureManifestKey,
  HASH,
  tableFolder,
} from './feature-manifest.ts';

export interface PublishFeaturesOptions {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** @default one for each 250,000 rows */
  readonly buckets?: number;
  /** Existing folder for scratch files. */
  readonly scratch: string;
  /** Where it aborts, no manifest is written. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (rowsDone: number) => void;
}

// A bucket of some dozens of columns has some tens of megabytes then.
const BUCKET_ROWS = 250_000;

/**
 * Writes the table of a date: its buckets, then its manifest. A bucket that exists already with the same bytes is not
 * written again, so a run that was interrupted continues where it was. If the table replaces another of the same date,
 * plans that name the old one still read it, provided that the store keeps old versions.
 * @throws {ScoringError} where another run wrote the same table in the meantime.
 */
export async function publishFeatures(
  dependencies: ScoringDependencies,
  database: Database,
  table: CheckedTable,
  { date, buckets = Math.ceil(table.rows / BUCKET_ROWS), scratch, signal, onProgress }: PublishFeaturesOptions,
): Promise<FeatureManifest> {
  const { store, now } = dependencies;
  const { entity, rows, columns } = table;
  const key = featureManifestKey(entity, date);
  const before = await getIfPresent(store, key);
  const files: FeatureFile[] = [];
  const folder = await mkdtemp(join(scratch, 'features-'));
  try {
    let rowsDone = 0;
    for await (const file of writeBuckets(database, table, buckets, folder)) {
      signal?.throwIfAborted();
      files.push(await putBucket(store, bucketKey(entity, date, file.bucket), file));
      rowsDone += file.rows;
      onProgress?.(rowsDone);
    }
    signal?.throwIfAborted();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const manifest: FeatureManifest = {
    formatVersion: 2,
    entity,
    date,
    createdAt: now().toISOString(),
    key: table.key.name,
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows,
    hash: HASH,
    buckets,
    files,
  };
  if (!(await putConditionally(dependencies, { key, content: recordText(manifest), expected: before?.etag ?? null })))
    throw new ScoringError(`${key} changed while the table was being written: run it again (in ${store.url})`);
  await deleteStrangers(
    store,
    `${tableFolder(entity, date)}${BUCKET_NAME_START}`,
    new Set(files.map((file) => file.key)),
  );
  return manifest;
}

async function putBucket(store: Store, key: string, { bucket, path, rows }: BucketFile): Promise<FeatureFile> {
  const { sha256 } = await digestFile(path);
  const there = await store.head(key);
  const object = there?.metadata.sha256 === sha256 ? there : await store.putFile(key, path, { metadata: { sha256 } });
  const { versionId, etag, size } = object;
  return { bucket, key, versionId, etag, rows, bytes: size };
}

/** Buckets of an earlier table with more of them: a reader of the folder would take them for this one's. */
async function deleteStrangers(store: Store, prefix: string, own: ReadonlySet<string>): Promise<void> {
  for await (const { key } of store.list(prefix)) if (!own.has(key)) await store.delete(key);
}
