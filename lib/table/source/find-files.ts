/** Finds the files of a log: one file, those below a folder, or those that match a pattern. */
import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { DATA_EXTENSIONS, DATA_EXTENSIONS_TEXT, PREFIXES, RESERVED_FOLDER } from '../../contract/bucket.ts';
import { DataError } from '../errors.ts';
import { isPattern, matchPattern } from './glob.ts';
import { isDesktopFile, isHidden, type LeftOut, type LeftOutReason, leftOutNotes, reasonByName } from './left-out.ts';
import { tableFiles } from './table-formats.ts';

/** Files in the order of their paths, and what was left out beside them. */
export interface FoundFiles {
  /** Paths: absolute if that which was asked for is, otherwise from `cwd`. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/** Where files are looked for. */
export interface FindOptions {
  /** Folder that a relative path starts from. */
  readonly cwd: string;
  /** Paths of files that this run writes, and so does not read. */
  readonly outputs: readonly string[];
}

/** A folder that is searched. */
interface Folder {
  /** Path for messages. */
  readonly name: string;
  /** Path without links. */
  readonly real: string;
  /** Paths without links of the folders above it, in which links would lead in a circle. */
  readonly above: readonly string[];
  /** Paths without links of the files of the table that the folder is or belongs to; `null` if every file counts. */
  readonly table: ReadonlySet<string> | null;
  /** Whether a link leads to it. */
  readonly isLinked: boolean;
}

/** What a search has found so far. */
interface Found {
  readonly files: { readonly name: string; readonly real: string; readonly isLinked: boolean }[];
  readonly leftOut: LeftOut[];
}

/**
 * Finds files. A path that exists is meant as it is; only others are patterns. Of folders those files are read that have
 * the extension of a format. Links are followed; a file that is reached twice is read once.
 * @throws {DataError} `no_such_file`.
 */
export async function findFiles(path: string, { cwd, outputs }: FindOptions): Promise<FoundFiles> {
  const roots = await rootsOf(path, cwd);
  const found: Found = { files: [], leftOut: [] };
  const written = new Set(await Promise.all(outputs.map((output) => realpath(output).catch(() => resolve(output)))));
  for (const root of roots) {
    const place = below(cwd, root);
    const real = await realpath(place);
    if ((await stat(place)).isDirectory())
      await search({ name: root, real, above: [], table: null, isLinked: false }, { written, found });
    // A file that is asked for by its own name is read, or refused, whatever it is called.
    else if (root === path) return { files: [path], notes: [] };
    else await addFile({ name: root, real, isLinked: false }, { written, found }, { isMatched: true });
  }
  const files = withoutRepeated(found);
  if (files.length === 0) {
    const notes = leftOutNotes(found.leftOut, path);
    const why = notes.length === 0 ? '' : `: ${notes.join('; ')}`;
    throw new DataError('no_such_file', `no ${DATA_EXTENSIONS_TEXT} file in ${path}${why}`);
  }
  return { files, notes: leftOutNotes(found.leftOut, path) };
}

/** Returns the path itself, or the files and folders that it matches as a pattern. */
async function rootsOf(path: string, cwd: string): Promise<string[]> {
  if ((await stat(below(cwd, path)).catch(() => null)) !== null) return [path];
  const matches = isPattern(path) ? await matchPattern(path, cwd) : [];
  const facts = await Promise.all(matches.map((match) => stat(below(cwd, match)).catch(() => null)));
  const found = matches.filter((_, index) => facts[index] !== null);
  if (found.length > 0) return found;
  throw new DataError('no_such_file', `${isPattern(path) ? 'no file matches' : 'no such file:'} ${path}`);
}

/** Returns an absolute path as it is, and a relative one joined to a folder. */
function below(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

interface SearchOptions {
  readonly written: ReadonlySet<string>;
  readonly found: Found;
}

async function entriesOf(real: string, place: string): Promise<Dirent[]> {
  const entries = await readdir(real, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new DataError('unreadable', `${place} cannot be read: ${error.code}`, { cause: error });
  });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function search(folder: Folder, options: SearchOptions): Promise<void> {
  const { name: place, real } = folder;
  const { found } = options;
  const above = [...folder.above, real];
  const entries = await entriesOf(real, place);
  const isBucket = entries.some((entry) => entry.name === RESERVED_FOLDER && entry.isDirectory());
  if (isBucket && folder.above.length > 0) return leaveOut(place, real, 'bucket', found);
  const table = (await tableFiles(real, entries, place)) ?? folder.table;
  for (const entry of entries) {
    const name = join(place, entry.name);
    const own = join(real, entry.name);
    const isLinked = folder.isLinked || entry.isSymbolicLink();
    const target = entry.isSymbolicLink() ? await realpath(own).catch(() => null) : own;
    const facts = target === null ? null : await stat(target).catch(() => null);
    if (facts === null) {
      if (!isDesktopFile(entry.name)) found.leftOut.push({ name, reason: brokenReason(entry), files: 1 });
    } else if (facts.isDirectory()) {
      if (isHidden(entry.name)) await leaveOut(name, own, 'hidden', found);
      else if (isBucket && isOfBucket(entry.name)) await leaveOut(name, own, 'bucket', found);
      else if (above.includes(target as string)) found.leftOut.push({ name, reason: 'again', files: 1 });
      else await search({ name, real: target as string, above, table, isLinked }, options);
    } else if (facts.isFile()) {
      if (table !== null && !table.has(own) && reasonByName(entry.name) === null)
        found.leftOut.push({ name, reason: 'deleted', files: 1 });
      else await addFile({ name, real: target as string, isLinked }, options);
    }
  }
}

/** A name that is not UTF-8 reads as one with replacement characters, which does not exist. */
function brokenReason(entry: Dirent): LeftOutReason {
  return entry.isSymbolicLink() ? 'broken' : 'unreadable';
}

/** Whether a folder of the bucket that is searched itself is the product's, all but that of the logs. */
function isOfBucket(name: string): boolean {
  return Object.values(PREFIXES).some((prefix) => prefix === `${name}/` && prefix !== PREFIXES.data);
}

async function addFile(
  file: Found['files'][number],
  { written, found }: Pick<SearchOptions, 'written' | 'found'>,
  { isMatched = false }: { readonly isMatched?: boolean } = {},
): Promise<void> {
  const base = file.name.slice(file.name.lastIndexOf('/') + 1);
  if (isDesktopFile(base)) return;
  const named = reasonByName(base);
  // A pattern matches a hidden name only if it is meant to.
  const reason = written.has(file.real) ? 'rejects' : named === 'hidden' && isMatched ? null : named;
  if (reason !== null) found.leftOut.push({ name: file.name, reason, files: 1 });
  else if ((await stat(file.real)).size === 0) found.leftOut.push({ name: file.name, reason: 'empty', files: 1 });
  else found.files.push(file);
}

/** Counts the files of a folder that is left out as a whole. */
async function leaveOut(name: string, real: string, reason: LeftOutReason, found: Found): Promise<void> {
  const facts = await lstat(real);
  const entries = facts.isDirectory() ? await readdir(real, { recursive: true, withFileTypes: true }) : [];
  const files = entries.filter((entry) => !entry.isDirectory() && !isDesktopFile(entry.name)).length;
  found.leftOut.push({ name: `${name}/`, reason, files });
}

/**
 * Returns the names of the files in order, each file once: under its own name if a link leads to it as well, and in one
 * format if it is there in several, such as `log.csv` beside `log.parquet`, or a file beside its gzip.
 */
function withoutRepeated({ files, leftOut }: Found): string[] {
  const own = new Set<string>();
  const stems = new Map<string, string>();
  const leave = (name: string, reason: LeftOutReason) => leftOut.push({ name, reason, files: 1 });
  const linkedLast = [...files].sort((a, b) => Number(a.isLinked) - Number(b.isLinked));
  for (const { name, real } of linkedLast) {
    if (own.has(real)) {
      leave(name, 'again');
      continue;
    }
    own.add(real);
    const [stem, rank] = stemOf(name);
    const twin = stems.get(stem);
    if (twin === undefined) stems.set(stem, name);
    else if (rank < stemOf(twin)[1]) {
      leave(twin, 'twin');
      stems.set(stem, name);
    } else leave(name, 'twin');
  }
  return [...stems.values()].sort();
}

/** Returns a name without the extension of its format, and the place of that in the order of preference. */
function stemOf(name: string): readonly [stem: string, rank: number] {
  const endings: readonly string[] = Object.values(DATA_EXTENSIONS).flat();
  const ending = endings.filter((one) => name.toLowerCase().endsWith(one)).sort((a, b) => b.length - a.length)[0] ?? '';
  return [name.slice(0, name.length - ending.length), endings.indexOf(ending)];
}
