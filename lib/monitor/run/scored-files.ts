/** The files that a model has scored, by their manifests, and their scores as local files. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatOfPart, PREFIXES, SCORES_RECORDS } from '../../contract/bucket.ts';
import { RECORDS, readRecord, type ScoresManifest } from '../../scoring/protocol/records.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { ObjectNotFoundError, type Store } from '../../store/store.ts';
import { csvToParquet } from '../../table/candidates/scores-format.ts';
import type { Database } from '../../table/database.ts';
import { type ReadScores, type ScoredFile, writeKeyed } from '../../table/monitor/scored-files.ts';

/** A file of scores, by its manifest. */
export interface ManifestOfDay {
  readonly manifest: ScoresManifest;
  /** Day of scoring in UTC: that of the `dt=` in the file's key or else the one on which the file was finished. */
  readonly day: string;
  /** Epoch milliseconds from which on the scores count: the beginning of the `dt=`, or when the file was finished. */
  readonly at: number;
}

/** Reads the manifests of all files that a model has scored, in the order of time. */
export async function scoredManifests(store: Store, model: string): Promise<ManifestOfDay[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(PREFIXES.scores))
    if (key.endsWith(`/${SCORES_RECORDS.manifest}`)) keys.push(key);
  const records = await mapAtOnce(keys, (key) => readRecord(store, RECORDS.manifest, key));
  return records
    .flatMap((record) => (record === null || record.value.model.name !== model ? [] : [ofDay(record.value)]))
    .sort((a, b) => a.at - b.at || compareText(a.manifest.finishedAt, b.manifest.finishedAt));
}

function ofDay(manifest: ScoresManifest): ManifestOfDay {
  const declared = /\/dt=(\d{4}-\d{2}-\d{2})\//.exec(manifest.key)?.[1];
  const day = declared ?? manifest.finishedAt.slice(0, 10);
  return { manifest, day, at: Date.parse(declared === undefined ? manifest.finishedAt : `${declared}T00:00:00Z`) };
}

/** Local copies of scores, of which only those that are needed at the same time are kept. */
export class LocalScores {
  readonly #store: Store;
  readonly #database: Database;
  readonly #read: ReadScores;
  readonly #opened = new Map<ManifestOfDay, { readonly file: ScoredFile; readonly folder: string }>();
  /** Keys of files whose scores are no longer there. */
  readonly gone = new Set<string>();

  /** @param read the keys and the outputs that are read */
  constructor(store: Store, database: Database, read: ReadScores) {
    this.#store = store;
    this.#database = database;
    this.#read = read;
  }

  /** Returns these files, in their order, and removes the copies of all others. A file without its scores is left out. */
  async open(wanted: readonly ManifestOfDay[]): Promise<ScoredFile[]> {
    for (const [known, { folder }] of this.#opened)
      if (!wanted.includes(known)) {
        this.#opened.delete(known);
        await rm(folder, { recursive: true, force: true });
      }
    const files: ScoredFile[] = [];
    for (const one of wanted) {
      const file = this.#opened.get(one)?.file ?? (await this.#fetch(one));
      if (file !== null) files.push(file);
    }
    return files;
  }

  async #fetch(wanted: ManifestOfDay): Promise<ScoredFile | null> {
    const { manifest, day, at } = wanted;
    const parts = manifest.parts.filter(({ rows }) => rows > 0);
    if (parts.length === 0 || this.gone.has(manifest.key)) return null;
    const folder = await mkdtemp(join(this.#database.scratch, 'scores-'));
    try {
      const paths = await mapAtOnce(parts, ({ key }, index) => this.#fetchPart(key, folder, index));
      const path = join(folder, 'keyed.parquet');
      await writeKeyed(this.#database, { key: manifest.key, paths }, this.#read, path);
      // A store of files has them read in place.
      for (const copy of paths.filter((one) => one.startsWith(folder))) await rm(copy);
      const file = { version: manifest.model.version, day, at, rows: manifest.scored, path };
      this.#opened.set(wanted, { file, folder });
      return file;
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error;
      // Lifecycle rules remove scores; their manifests may be left.
      this.gone.add(manifest.key);
      await rm(folder, { recursive: true, force: true });
      return null;
    }
  }

  /** Returns the path of a part as Parquet. */
  async #fetchPart(key: string, folder: string, index: number): Promise<string> {
    const path = await this.#store.toFile(key, folder);
    if (formatOfPart(key) === 'parquet') return path;
    const converted = join(folder, `csv-${index}.parquet`);
    await csvToParquet(this.#database, path, converted);
    return converted;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
