/** Versions of a model, loaded for use. */
import {
  type EncodingModel,
  type OpeningVersion,
  type OpenVersionOptions,
  openVersion,
  type Predictor,
} from '../../predictor/open-model.ts';
import type { Store } from '../../store/store.ts';
import type { ModelVersion } from '../protocol/ports.ts';

// The current one, and the one before it, with which files may still be planned.
const KEPT_VERSIONS = 2;

/** Loads versions on demand and keeps the two that were used last. At most as many may be in use at a time. */
export class ModelLoader {
  readonly #store: Store;
  readonly #options: OpenVersionOptions;
  /** The started threads, until the first version has them. */
  #started: OpenVersionOptions['started'];
  /** The loaded models, least recently used first. */
  readonly #loaded = new Map<string, OpeningVersion>();

  /** The options' scratch folder is for the versions' files, too. */
  constructor(store: Store, { started = null, ...options }: OpenVersionOptions) {
    this.#store = store;
    this.#options = options;
    this.#started = started;
  }

  /** @throws {ModelCorruptedError | EncoderMismatchError | VersionNotFoundError} and keeps nothing. */
  async load(version: ModelVersion): Promise<Predictor> {
    const model = await this.#result(version, ({ predictor }) => predictor);
    await this.#releaseAllBut(KEPT_VERSIONS);
    return model;
  }

  /** Begins to load, and waits until the version's files are verified and its encoder can be used. @throws as `load`. */
  async loadEncoding(version: ModelVersion): Promise<EncodingModel> {
    const model = await this.#result(version, ({ encoding }) => encoding);
    await this.#releaseAllBut(KEPT_VERSIONS);
    return model;
  }

  /** Has a version that is being loaded make ready for rows, as `ScoringModel.prepare` does. */
  prepare(version: ModelVersion, rows: number): void {
    // Scoring with a version that cannot be loaded fails with the reason.
    this.#loaded.get(keyOf(version))?.predictor.then(
      (model) => model.prepare(rows),
      () => undefined,
    );
  }

  async #result<Result>(version: ModelVersion, of: (opening: OpeningVersion) => Promise<Result>): Promise<Result> {
    const key = keyOf(version);
    const opening = this.#loaded.get(key) ?? this.#open(version);
    this.#loaded.delete(key);
    this.#loaded.set(key, opening);
    try {
      return await of(opening);
    } catch (error) {
      this.#loaded.delete(key);
      throw error;
    }
  }

  #open(version: ModelVersion): OpeningVersion {
    const started = this.#started ?? null;
    this.#started = null;
    return openVersion(this.#store, version, { ...this.#options, started });
  }

  /** Frees a version that cannot be used any more, because its database is invalid; it is loaded anew when it is used. */
  async discard(version: ModelVersion): Promise<void> {
    const opening = this.#loaded.get(keyOf(version));
    this.#loaded.delete(keyOf(version));
    await (await opening?.predictor)?.release();
  }

  /** Frees what was loaded. Nothing may be scored any more with what `load` gave. */
  async release(): Promise<void> {
    await this.#started?.threads.release();
    this.#started = null;
    await this.#releaseAllBut(0);
  }

  async #releaseAllBut(count: number): Promise<void> {
    const oldest = [...this.#loaded].slice(0, Math.max(0, this.#loaded.size - count));
    for (const [key] of oldest) this.#loaded.delete(key);
    for (const result of await Promise.allSettled(oldest.map(([, { predictor }]) => predictor)))
      if (result.status === 'fulfilled') await result.value.release();
  }
}

function keyOf({ name, version }: ModelVersion): string {
  return `${name}/${version}`;
}
