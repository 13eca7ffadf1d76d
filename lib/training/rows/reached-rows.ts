/** The rows of a part of the log that reached a stage, in the form that a scoring model reads. */
import type { LogChunk } from '../../table/encoded.ts';
import type { Encoder } from '../../table/encoder.ts';
import { type EncodedRows, EncodedRowsWriter } from './encoded-rows.ts';

/** Encoded rows, and the place of each among all rows of its part, from 0. */
export interface ReachedRows {
  readonly encoded: EncodedRows;
  readonly places: Uint32Array;
}

/** Writes those of the rows of chunks that are known to have reached a stage. */
export class ReachedRowsWriter {
  readonly #stage: string;
  readonly #rows: EncodedRowsWriter;
  readonly #places: Uint32Array[] = [];
  #next = 0;

  private constructor(stage: string, rows: EncodedRowsWriter) {
    this.#stage = stage;
    this.#rows = rows;
  }

  static async create(path: string, stage: string, encoder: Encoder): Promise<ReachedRowsWriter> {
    return new ReachedRowsWriter(stage, await EncodedRowsWriter.create(path, encoder));
  }

  /** Adds those of the rows of a chunk at these indices, which are the next of the part. */
  async append(chunk: LogChunk, rows: Uint32Array): Promise<void> {
    const labels = chunk.labels[this.#stage] as Int8Array;
    const places = Uint32Array.from(rows.keys()).filter((place) => labels[rows[place] as number] === 1);
    await this.#rows.append(
      chunk,
      places.map((place) => rows[place] as number),
    );
    this.#places.push(places.map((place) => this.#next + place));
    this.#next += rows.length;
  }

  /** Closes the file of rows that will not be used. */
  async abandon(): Promise<void> {
    await this.#rows.abandon();
  }

  async finish(): Promise<ReachedRows> {
    const places = new Uint32Array(this.#places.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const some of this.#places) {
      places.set(some, at);
      at += some.length;
    }
    return { encoded: await this.#rows.finish(), places };
  }
}
