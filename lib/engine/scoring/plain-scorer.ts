/** Scores rows with a whole model, run by run. */
import type { EncodedChunk } from '../../table/encoded.ts';
import { Session } from '../ort/session.ts';
import { type ColumnInput, InputTensors } from './column-inputs.ts';
import { emptyResults, type Results, type Scorer } from './scorer.ts';

/** Rows of a run: the intermediate values of more rows do not fit the processor's caches. */
const RUN_ROWS = 512;

/** Scores rows in the thread that calls it. */
export class PlainScorer implements Scorer {
  readonly #session: Session;
  readonly #tensors: InputTensors;

  private constructor(session: Session, inputs: readonly ColumnInput[]) {
    this.#session = session;
    this.#tensors = new InputTensors(inputs, RUN_ROWS);
  }

  /** Opens a model whose tensors are in a folder. */
  static async open(model: Uint8Array, inputs: readonly ColumnInput[], folder: string): Promise<PlainScorer> {
    return new PlainScorer(await Session.open(model, { threads: 1, dataFolder: folder }), inputs);
  }

  async predict(chunk: EncodedChunk): Promise<Results> {
    const results = emptyResults(this.#session.outputs, chunk.rows);
    await this.fill(results, chunk, 0, chunk.rows);
    return results;
  }

  /** Writes the outputs of consecutive rows of a chunk to their places. */
  async fill(results: Results, chunk: EncodedChunk, from: number, rows: number): Promise<void> {
    for (let at = from; at < from + rows; at += RUN_ROWS) {
      const count = Math.min(RUN_ROWS, from + rows - at);
      const outputs = await this.#session.run(this.#tensors.of(chunk, at, count));
      for (const [name, values] of Object.entries(results)) values.set(outputs[name] as Float32Array, at);
    }
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
