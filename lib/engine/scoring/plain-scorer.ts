/** Scores rows with a whole model, run by run. */
import type { EncodedChunk } from '../../table/encoded.ts';
import type { EmbeddingTables } from './embedding-tables.ts';
import type { ScoringGraph } from './gathered-graph.ts';
import { GraphInputs } from './graph-inputs.ts';
import { LazySession } from './lazy-session.ts';
import { emptyResults, type Results, type Scorer } from './scorer.ts';

/** Rows of a run: the intermediate values of more rows do not fit the processor's caches. */
const RUN_ROWS = 512;

/** What the graphs of a scorer share. */
export interface ScorerSite {
  /** Folder of the model. */
  readonly folder: string;
  /** `null` where onnxruntime gathers from all tables. */
  readonly tables: EmbeddingTables | null;
}

/** Scores rows in the thread that calls it. */
export class PlainScorer implements Scorer {
  readonly #session: LazySession;
  readonly #inputs: GraphInputs;
  readonly #outputs: readonly string[];

  /** @param outputs of the graph, by their names. */
  constructor(graph: ScoringGraph, outputs: readonly string[], site: ScorerSite) {
    this.#session = new LazySession(graph.bytes, site.folder);
    this.#inputs = new GraphInputs(graph, RUN_ROWS, site.tables);
    this.#outputs = outputs;
  }

  /** Opens the graph before rows come. @throws {Error} where onnxruntime does not run it. */
  async openGraphs(): Promise<void> {
    await this.#session.open();
  }

  async predict(chunk: EncodedChunk): Promise<Results> {
    const results = emptyResults(this.#outputs, chunk.rows);
    await this.fill(results, chunk, 0, chunk.rows);
    return results;
  }

  /** Writes the outputs of consecutive rows of a chunk to their places. */
  async fill(results: Results, chunk: EncodedChunk, from: number, rows: number): Promise<void> {
    for (let at = from; at < from + rows; at += RUN_ROWS) {
      const count = Math.min(RUN_ROWS, from + rows - at);
      const outputs = await this.#session.run(this.#inputs.of(chunk, at, count));
      for (const [name, values] of Object.entries(results)) values.set(outputs[name] as Float32Array, at);
    }
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
