/** The features of one line of the dump, by field. */
import { FIELDS } from './fields.ts';

/**
 * The ids of each field and their weights, the greatest weight first and equal ones in the order of the line. It is
 * filled anew for each line. Of a category one id is kept, of a bag as many as `maxLength`: those of greatest weight.
 */
export class FeatureRow {
  readonly lengths = new Int32Array(FIELDS.length);
  /** Ids that were not kept, by field, over all lines. */
  readonly dropped = new Float64Array(FIELDS.length);
  readonly #room: number;
  readonly #most: readonly number[];
  readonly #ids: Int32Array;
  readonly #weights: Float32Array;

  constructor(maxLength: number) {
    this.#room = maxLength;
    this.#most = FIELDS.map(({ kind }) => (kind === 'bag' ? maxLength : 1));
    this.#ids = new Int32Array(FIELDS.length * maxLength);
    this.#weights = new Float32Array(FIELDS.length * maxLength);
  }

  clear(): void {
    this.lengths.fill(0);
  }

  add(field: number, id: number, weight: number): void {
    const start = field * this.#room;
    const length = this.lengths[field] as number;
    const isFull = length === this.#most[field];
    if (isFull) this.dropped[field] = (this.dropped[field] as number) + 1;
    const rounded = Math.fround(weight);
    if (isFull && rounded <= (this.#weights[start + length - 1] as number)) return;
    let at = start + (isFull ? length - 1 : length);
    for (; at > start && (this.#weights[at - 1] as number) < rounded; at -= 1) {
      this.#ids[at] = this.#ids[at - 1] as number;
      this.#weights[at] = this.#weights[at - 1] as number;
    }
    this.#ids[at] = id;
    this.#weights[at] = rounded;
    if (!isFull) this.lengths[field] = length + 1;
  }

  /** The ids of a field. The view holds until the next line. */
  ids(field: number): Int32Array {
    return this.#ids.subarray(field * this.#room, field * this.#room + (this.lengths[field] as number));
  }

  /** The weights of these ids. The view holds until the next line. */
  weights(field: number): Float32Array {
    return this.#weights.subarray(field * this.#room, field * this.#room + (this.lengths[field] as number));
  }
}
