/** Versions of a model, loaded for use. */
import { type OpenVersionOptions, openVersion, type Predictor } from '../../predictor/open-model.ts';
import type { Store } from '../../store/store.ts';
import type { ModelVersion } from '../protocol/ports.ts';

// The current one, and the one before it, with which files may still be planned.
const KEPT_VERSIONS = 2;

/** Loads versions on demand and keeps the two that were used last. At most as many may be in use at a time. */
export class ModelLoader {
  readonly #store: Store;
  readonly #options: OpenVersionOptions;
  /** The loaded models, least recently used first. */
  readonly #loaded = new Map<string, Promise<Predictor>>();

  /** The options' scratch folder is for the versions' files, too. */
  constructor(store: Store, options: OpenVersionOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** @throws {ModelCorruptedError | EncoderMismatchError | VersionNotFoundError} and keeps nothing. */
  async load(version: ModelVersion): Promise<Predictor> {
    const key = `${version.name}/${version.version}`;
    const loaded = this.#loaded.get(key) ?? openVersion(this.#store, version, this.#options);
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

  /** Frees a version that cannot be used any more, because its database is invalid; it is loaded anew when it is used. */
  async discard(version: ModelVersion): Promise<void> {
    const key = `${version.name}/${version.version}`;
    const loaded = this.#loaded.get(key);
    this.#loaded.delete(key);
    await (await loaded)?.release();
  }

  /** Frees what was loaded. Nothing may be scored any more with what `load` gave. */
  async release(): Promise<void> {
    await this.#releaseAllBut(0);
  }

  async #releaseAllBut(count: number): Promise<void> {
    const oldest = [...this.#loaded].slice(0, Math.max(0, this.#loaded.size - count));
    for (const [key] of oldest) this.#loaded.delete(key);
    for (const result of await Promise.allSettled(oldest.map(([, loaded]) => loaded)))
      if (result.status === 'fulfilled') await result.value.release();
  }
}
