/** Versions of a model, loaded for use. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../../config/declaration.ts';
import { parseDeclaration } from '../../config/parse-declaration.ts';
import { DECLARATION_FILE } from '../../contract/bucket.ts';
import { openScoringModel, type ScoringModel } from '../../engine/ort/scoring-model.ts';
import { fetchVersion } from '../../registry/fetch-version.ts';
import type { Store } from '../../store/store.ts';
import { type Database, openDatabase } from '../../table/database.ts';
import type { Encoder } from '../../table/encode/encoder.ts';
import { readEncoder } from '../../table/fit/encoder-files.ts';
import type { ModelVersion } from '../protocol/ports.ts';

/** A version that was verified against its manifest and is ready to score. */
export interface LoadedModel {
  readonly declaration: Declaration;
  readonly encoder: Encoder;
  /** Holds the encoder's vocabularies. */
  readonly database: Database;
  readonly model: ScoringModel;
}

export interface LoadOptions {
  /** Folder for the version's files and DuckDB's overflow. */
  readonly scratch: string;
  readonly threads: number;
  readonly memoryLimitMiB: number;
}

// The current one, and the one before it, with which files may still be planned.
const KEPT_VERSIONS = 2;

/** Loads versions on demand and keeps the two that were used last. At most as many may be in use at a time. */
export class ModelLoader {
  readonly #store: Store;
  readonly #options: LoadOptions;
  /** In the order of their last use. */
  readonly #loaded = new Map<string, Promise<LoadedModel>>();

  constructor(store: Store, options: LoadOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** @throws {ModelCorruptedError | EncoderMismatchError | VersionNotFoundError} and keeps nothing. */
  async load(version: ModelVersion): Promise<LoadedModel> {
    const key = `${version.name}/${version.version}`;
    const loaded = this.#loaded.get(key) ?? loadModel(this.#store, version, this.#options);
    this.#loaded.delete(key);
    this.#loaded.set(key, loaded);
    try {
      const model = await loaded;
      await this.#releaseAllBut(KEPT_VERSIONS);
      return model;
    } catch (error) {
      this.#loaded.delete(key);
      throw error;
    }
  }

  /** Frees what was loaded. Nothing may be scored any more with what `load` gave. */
  async release(): Promise<void> {
    await this.#releaseAllBut(0);
  }

  async #releaseAllBut(count: number): Promise<void> {
    const oldest = [...this.#loaded].slice(0, Math.max(0, this.#loaded.size - count));
    for (const [key] of oldest) this.#loaded.delete(key);
    for (const result of await Promise.allSettled(oldest.map(([, loaded]) => loaded))) {
      if (result.status === 'rejected') continue;
      await result.value.model.release();
      await result.value.database.close();
    }
  }
}

async function loadModel(store: Store, { name, version }: ModelVersion, options: LoadOptions): Promise<LoadedModel> {
  const folder = await fetchVersion(store, name, version, options.scratch);
  const declaration = parseDeclaration(await readFile(join(folder, DECLARATION_FILE), 'utf8'), DECLARATION_FILE);
  const database = await openDatabase(options);
  try {
    const encoder = await readEncoder(database, folder);
    return { declaration, encoder, database, model: await openScoringModel(folder, options) };
  } catch (error) {
    await database.close();
    throw error;
  }
}
