/**
 * The data window: the last days' partitions `dt=YYYY-MM-DD/` of the log in the bucket, as files on the scratch disk.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DATA_EXTENSIONS_TEXT, dataFormatOf, partitionFolder } from '../../lib/contract/bucket.ts';
import { copyToFile } from '../../lib/store/copy-to-file.ts';
import { mapAtOnce } from '../../lib/store/parallel.ts';
import type { ObjectInfo, Store } from '../../lib/store/store.ts';
import { DataError } from '../../lib/table/errors.ts';

const DAY_MS = 86_400_000;

export interface DataWindow {
  readonly from: string;
  readonly until: string;
  readonly missingDays: readonly string[];
  readonly objects: readonly ObjectInfo[];
  readonly bytes: number;
  /** SHA-256 of the names and versions of all files, hex. */
  readonly sha256: string;
}

/** The days of data that a run trains on. */
export interface WindowOptions {
  readonly prefix: string;
  readonly days: number;
  readonly until: string;
  readonly maxMissingDays: number;
}

/** The day before a time, UTC. */
export function dayBefore(time: Date): string {
  return new Date(time.getTime() - DAY_MS).toISOString().slice(0, 10);
}

/**
 * Finds the window's files; hidden ones (`_SUCCESS`, `.crc`) are passed over.
 * @throws {DataError} where there is none, or more days have none than may.
 */
export async function findWindow(store: Store, options: WindowOptions): Promise<DataWindow> {
  const { prefix, days, maxMissingDays } = options;
  const window = await findDays(store, options);
  const { from, until, missingDays, objects } = window;
  const place = `${store.url}/${prefix}`;
  if (objects.length === 0)
    throw new DataError(
      'no_rows',
      `no data in ${place}: no file in dt=${from}/ to dt=${until}/ (WINDOW_DAYS is ${days})`,
    );
  if (missingDays.length > maxMissingDays)
    throw new DataError(
      'no_such_file',
      `partition missing in ${place}: no ${DATA_EXTENSIONS_TEXT} file in ${missingDays.map((day) => `dt=${day}/`).join(', ')}, expected one for each day from ${from} to ${until} (MAX_MISSING_DAYS is ${maxMissingDays})`,
    );
  return window;
}

/** Finds the files of so many days, however many of the days have none. */
export async function findDays(
  store: Store,
  { prefix, days, until }: Omit<WindowOptions, 'maxMissingDays'>,
): Promise<DataWindow> {
  const last = new Date(`${until}T00:00:00.000Z`).getTime();
  const dates = Array.from({ length: days }, (_, i) =>
    new Date(last - (days - 1 - i) * DAY_MS).toISOString().slice(0, 10),
  );
  const found = await mapAtOnce(dates, (date) => filesOf(store, partitionFolder(prefix, date)));
  const objects = found.flat();
  const text = objects.map(({ key, versionId, size }) => `${key}\0${versionId}\0${size}\n`).join('');
  return {
    from: dates[0] as string,
    until,
    missingDays: dates.filter((_, i) => found[i]?.length === 0),
    objects,
    bytes: objects.reduce((sum, { size }) => sum + size, 0),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

async function filesOf(store: Store, folder: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const object of store.list(folder)) {
    const path = object.key.slice(folder.length).split('/');
    const isHidden = path.some((segment) => /^[._]/.test(segment));
    if (!isHidden && dataFormatOf(object.key) !== undefined) objects.push(object);
  }
  return objects;
}

/** Copies the window's files into a folder, under their keys; `onFile` is called after each. */
export async function fetchWindow(
  store: Store,
  { objects }: DataWindow,
  folder: string,
  { signal, onFile }: { readonly signal: AbortSignal; readonly onFile?: (file: ObjectInfo) => void },
): Promise<void> {
  await mapAtOnce(objects, async (object) => {
    signal.throwIfAborted();
    await copyToFile(store, object, join(folder, object.key));
    onFile?.(object);
  });
}
