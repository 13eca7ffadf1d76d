/** Adds the statistics of requests to the object of their day, exactly once however often a write is repeated. */
import { onlineKey } from '../contract/bucket.ts';
import { addVersions, emptyOnlineRecord, ONLINE_RECORD, type OnlineSums } from '../monitor/online/record.ts';
import { putConditionally } from '../store/conditional-put.ts';
import { readRecord, recordText } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** Requests that are added to a day together. */
export interface Batch {
  /** Unique among all batches of all processes. */
  readonly id: string;
  readonly day: string;
  readonly versions: Readonly<Record<string, OnlineSums>>;
}

/** Ids that an object keeps: more than are added between a write and its repetition. */
const KEPT_IDS = 256;
/** How often an object is read again that another process has written meanwhile. */
const MOST_ROUNDS = 8;

/** Where the statistics of a process go. */
export interface StatisticsPlace {
  readonly store: Store;
  readonly model: string;
  /** The one of a day's objects that the process adds to. */
  readonly slot: number;
}

/**
 * Adds a batch to the object of its day. If it is called again for a batch whose write failed, or seemed to, the batch
 * is counted once.
 * @throws {InvalidRecordError} if the object is damaged.
 * @throws {Error} if the store cannot be reached, or other processes write the object all the time.
 */
export async function addBatch({ store, model, slot }: StatisticsPlace, { id, day, versions }: Batch): Promise<void> {
  const key = onlineKey(model, day, slot);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = await readRecord(store, ONLINE_RECORD, { key });
    const record = before?.value ?? emptyOnlineRecord(model, day);
    if (record.writes.includes(id)) return;
    const next = {
      ...record,
      writes: [...record.writes, id].slice(-KEPT_IDS),
      versions: addVersions(record.versions, versions),
    };
    const put = { key, content: recordText(next), expected: before?.etag ?? null };
    if ((await putConditionally({ store, newWriterId: () => id }, put)) !== null) return;
  }
  throw new Error(`${key} changed ${MOST_ROUNDS} times while it was being written (in ${store.url})`);
}
