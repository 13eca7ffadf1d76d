/**
 * Folders that are tables of Delta Lake, Iceberg or Hudi: their files may hold rows that have been deleted or replaced,
 * which only the table's own log knows.
 */
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.ts';

/**
 * Returns the paths of the files that a folder's table consists of; `null` if the folder is no table, or one from which
 * nothing is known to have been deleted.
 * @throws {DataError} `unknown_format` if rows have been deleted or replaced, and it cannot be said which.
 */
export async function tableFiles(
  folder: string,
  entries: readonly Dirent[],
  place: string,
): Promise<ReadonlySet<string> | null> {
  const has = (name: string) => entries.some((entry) => entry.name === name && entry.isDirectory());
  if (has('_delta_log')) return deltaFiles(folder, place);
  if (has('metadata') && has('data')) await assertOnlyAppended(join(folder, 'metadata'), place);
  if (has('.hoodie')) throw refusal(place, 'Hudi', 'its files are versions of the same rows');
  return null;
}

const ENTRY = /^(\d{20})\.json$/;

/** Returns the files of a Delta table after all its commits; `null` if the first commits are gone. */
async function deltaFiles(folder: string, place: string): Promise<ReadonlySet<string> | null> {
  const log = join(folder, '_delta_log');
  const names = (await readdir(log)).filter((name) => ENTRY.test(name)).sort();
  const live = new Set<string>();
  const isComplete = Number(ENTRY.exec(names[0] ?? '')?.[1]) === 0;
  let removed = 0;
  for (const name of names) {
    for (const action of jsonLines(await readFile(join(log, name), 'utf8'))) {
      const { add, remove } = action;
      if (isFields(add) && typeof add.path === 'string') {
        if (add.deletionVector != null) throw refusal(place, 'Delta Lake', 'rows have been deleted inside its files');
        live.add(join(folder, decoded(add.path)));
      }
      if (isFields(remove) && typeof remove.path === 'string') {
        removed += 1;
        live.delete(join(folder, decoded(remove.path)));
      }
    }
  }
  if (isComplete) return live;
  if (removed > 0) throw refusal(place, 'Delta Lake', 'files have been removed, and its first commits are gone');
  return null;
}

/** Refuses an Iceberg table of which any snapshot has done more than append. */
async function assertOnlyAppended(metadata: string, place: string): Promise<void> {
  const names = (await readdir(metadata)).filter((name) => name.endsWith('.metadata.json'));
  for (const name of names) {
    const [table] = jsonLines((await readFile(join(metadata, name), 'utf8')).replaceAll(/\s*\n\s*/g, ' '));
    const snapshots = Array.isArray(table?.snapshots) ? table.snapshots : [];
    const isOther = (snapshot: unknown) =>
      isFields(snapshot) && isFields(snapshot.summary) && snapshot.summary.operation !== 'append';
    if (snapshots.some(isOther)) throw refusal(place, 'Iceberg', 'rows have been deleted or replaced');
  }
}

function refusal(place: string, kind: string, why: string): DataError {
  return new DataError(
    'unknown_format',
    `${place} is a table of ${kind}, and ${why}: write the rows that it has now to Parquet files of their own, and read those`,
  );
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line): Record<string, unknown>[] => {
    try {
      const value: unknown = JSON.parse(line);
      return isFields(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
