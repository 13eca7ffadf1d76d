/** The common features in memory: what the lines of the skeleton share, by their common-feature index. */
import type { FeatureRow } from './feature-row.ts';
import { FIELDS } from './fields.ts';

const PAGE_FEATURES = 2 ** 20;

/** Features of rows one after another: a row lies in one page. */
interface Page {
  readonly ids: Int32Array;
  readonly weights: Float32Array;
}

/** Where a row is: its page, where it begins there, and how many features it has of each field. */
interface Place {
  readonly page: number;
  readonly start: number;
  readonly lengths: Uint16Array;
}

/** A store that only grows: 8 bytes for each feature that is kept, and some 300 for each row. */
export class SharedFeatures {
  readonly #numbers = new Map<string, number>();
  readonly #indexes: string[] = [];
  readonly #pages: Page[] = [];
  #filled = PAGE_FEATURES;
  readonly #places: Place[] = [];

  get rows(): number {
    return this.#places.length;
  }

  /** Number of the row with an index; `undefined` for none. */
  find(index: string): number | undefined {
    return this.#numbers.get(index);
  }

  indexOf(row: number): string {
    return this.#indexes[row] as string;
  }

  add(index: string, features: FeatureRow): void {
    const total = features.lengths.reduce((sum, length) => sum + length, 0);
    if (this.#filled + total > PAGE_FEATURES) {
      const size = Math.max(PAGE_FEATURES, total);
      this.#pages.push({ ids: new Int32Array(size), weights: new Float32Array(size) });
      this.#filled = 0;
    }
    const page = this.#pages.length - 1;
    const { ids, weights } = this.#pages[page] as Page;
    const start = this.#filled;
    for (let field = 0; field < FIELDS.length; field += 1) {
      if (features.lengths[field] === 0) continue;
      ids.set(features.ids(field), this.#filled);
      weights.set(features.weights(field), this.#filled);
      this.#filled += features.lengths[field] as number;
    }
    this.#numbers.set(index, this.#places.length);
    this.#indexes.push(index);
    this.#places.push({ page, start, lengths: Uint16Array.from(features.lengths) });
  }

  /** Gives the ids and weights of each field that a row has. */
  visit(row: number, give: (field: number, ids: Int32Array, weights: Float32Array) => void): void {
    const { page, start, lengths } = this.#places[row] as Place;
    const { ids, weights } = this.#pages[page] as Page;
    let at = start;
    for (const [field, length] of lengths.entries()) {
      if (length > 0) give(field, ids.subarray(at, at + length), weights.subarray(at, at + length));
      at += length;
    }
  }
}
