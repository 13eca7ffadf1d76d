/**
 * Scores rows with a model in parts, of which those of users and items are computed once for many rows. Rows of which
 * none repeats an entity are scored by the whole model, which is then faster. Which it is follows from the rows alone,
 * so that the same rows have the same bits whatever was scored before.
 */
import type { EncodedChunk } from '../../../table/encoded.ts';
import type { NamedTensor } from '../../ort/session.ts';
import { LazySession } from '../lazy-session.ts';
import type { PlainScorer, ScorerSite } from '../plain-scorer.ts';
import { emptyResults, type Results, type Scorer } from '../scorer.ts';
import { PartMemory } from './part-memory.ts';
import { PartBlocks, PartRows, RUN_ROWS } from './part-rows.ts';
import type { FirstLayer, SplitModel } from './split-model.ts';

/** Rows whose entities are looked for at once. */
const PIECE_ROWS = 8192;
/** Rows of a piece that tell whether entities repeat in it, and the share of repeated ones from which on they do. */
const SAMPLE_ROWS = 2048;
const REPEATED_SHARE = 0.025;

/** A layer's place in the memory. */
interface PlacedLayer extends FirstLayer {
  /** First column of its part. */
  readonly column: number;
  readonly biasAt: number;
  /** Where its values are computed, [RUN_ROWS, width]. */
  readonly valuesAt: number;
}

/** A prepared run of `RUN_ROWS` rows. */
interface FullRun {
  readonly run: () => Promise<void>;
  /** One of its inputs, which are of a memory that may grow. */
  readonly input: Float32Array;
  readonly outputs: Results;
}

/** Scores rows one run after the other, in the thread that calls it. */
export class SplitScorer implements Scorer {
  readonly #memory: PartMemory;
  readonly #parts: readonly PartRows[];
  readonly #layers: readonly PlacedLayer[];
  readonly #tail: LazySession;
  readonly #outputs: readonly string[];
  readonly #whole: PlainScorer;
  #full: FullRun | null = null;
  /** Addresses of the parts of a run's rows: a list of `RUN_ROWS` for each part. */
  readonly #addressesAt: number;

  private constructor(
    memory: PartMemory,
    parts: readonly PartRows[],
    layers: readonly PlacedLayer[],
    {
      tail,
      outputs,
      whole,
    }: { readonly tail: LazySession; readonly outputs: readonly string[]; readonly whole: PlainScorer },
  ) {
    this.#memory = memory;
    this.#parts = parts;
    this.#layers = layers;
    this.#tail = tail;
    this.#outputs = outputs;
    this.#whole = whole;
    this.#addressesAt = memory.allocate(parts.length * RUN_ROWS);
  }

  /** Opens a model. Parts of up to `keptBytes` are kept for rows to come. */
  static async open(
    { parts, layers, tail }: SplitModel,
    whole: PlainScorer,
    { keptBytes, outputs, ...given }: ScorerSite & { readonly keptBytes: number; readonly outputs: readonly string[] },
  ): Promise<SplitScorer> {
    const memory = await PartMemory.create();
    const width = layers.reduce((sum, layer) => sum + layer.width, 0);
    const site = { ...given, memory, blocks: new PartBlocks(memory, width, keptBytes), width, pieceRows: PIECE_ROWS };
    const opened = parts.map((part) => new PartRows(part, site));
    const tailSession = new LazySession(tail, site.folder);
    return new SplitScorer(memory, opened, placed(memory, layers), { tail: tailSession, outputs, whole });
  }

  /** Opens the graphs that rows need which repeat an entity. */
  async openGraphs(): Promise<void> {
    for (const part of this.#parts) await part.open();
    await this.#tail.open();
  }

  /** Returns the outputs of all rows of a chunk, by name. */
  async predict(chunk: EncodedChunk): Promise<Results> {
    const results = emptyResults(this.#outputs, chunk.rows);
    for (let from = 0; from < chunk.rows; from += PIECE_ROWS) {
      const rows = Math.min(PIECE_ROWS, chunk.rows - from);
      if (this.#repeats(chunk, from, rows)) await this.#piece(chunk, from, rows, results);
      else await this.#whole.fill(results, chunk, from, rows);
    }
    return results;
  }

  /** Whether rows of a piece repeat an entity. */
  #repeats(chunk: EncodedChunk, from: number, rows: number): boolean {
    const sample = Math.min(rows, SAMPLE_ROWS);
    return this.#parts.some((part) => part.countDistinct(chunk, from, sample) <= (1 - REPEATED_SHARE) * sample);
  }

  async release(): Promise<void> {
    for (const part of this.#parts) await part.release();
    await this.#tail.release();
    await this.#whole.release();
  }

  async #piece(chunk: EncodedChunk, from: number, rows: number, results: Results): Promise<void> {
    const kept: boolean[] = [];
    for (const part of this.#parts) kept.push(await part.keep(chunk, from, rows));
    for (let start = 0; start < rows; start += RUN_ROWS) {
      const count = Math.min(RUN_ROWS, rows - start);
      for (const [index, part] of this.#parts.entries()) {
        const addressesAt = this.#addressesAt + index * RUN_ROWS * 4;
        if (kept[index]) part.addresses(start, count, addressesAt);
        else await part.pass(chunk, from + start, count, addressesAt);
      }
      this.#addParts(count);
      if (count === RUN_ROWS) await this.#fullRun(results, from + start);
      else await this.#tail.run(this.#layerValues(count), runOutputs(results, from + start, count));
    }
    for (const part of this.#parts) part.endPiece();
  }

  /** Computes the first layers of a run's rows from their parts. */
  #addParts(rows: number): void {
    const { kernels } = this.#memory;
    const parts = this.#parts.length;
    for (const { width, isRectified, column, biasAt, valuesAt } of this.#layers)
      kernels.addParts(this.#addressesAt, RUN_ROWS, parts, column, biasAt, isRectified ? 1 : 0, rows, width, valuesAt);
  }

  #layerValues(rows: number): Record<string, NamedTensor> {
    const values = (valuesAt: number, width: number) => this.#memory.floats(valuesAt, rows * width);
    return Object.fromEntries(
      this.#layers.map(({ name, width, valuesAt }) => [name, { data: values(valuesAt, width), shape: [rows, width] }]),
    );
  }

  /** Computes the outputs of `RUN_ROWS` rows, as most runs do. */
  async #fullRun(results: Results, from: number): Promise<void> {
    if (this.#full === null || !this.#memory.has(this.#full.input)) this.#full = await this.#prepareFullRun();
    const { run, outputs } = this.#full;
    await run();
    for (const name of this.#outputs) results[name]?.set(outputs[name] as Float32Array, from);
  }

  async #prepareFullRun(): Promise<FullRun> {
    const inputs = this.#layerValues(RUN_ROWS);
    const outputs = emptyResults(this.#outputs, RUN_ROWS);
    const run = await this.#tail.prepare(inputs, runOutputs(outputs, 0, RUN_ROWS));
    return { run, input: Object.values(inputs)[0]?.data as Float32Array, outputs };
  }
}

function placed(memory: PartMemory, layers: readonly FirstLayer[]): PlacedLayer[] {
  let column = 0;
  return layers.map((layer) => {
    const biasAt = memory.allocate(layer.width);
    memory.floats(biasAt, layer.width).set(layer.bias);
    const place = { ...layer, column, biasAt, valuesAt: memory.allocate(RUN_ROWS * layer.width) };
    column += layer.width;
    return place;
  });
}

/** The places of a run's outputs in those of all rows. */
function runOutputs(results: Results, from: number, rows: number): Record<string, NamedTensor> {
  return Object.fromEntries(
    Object.entries(results).map(([name, values]) => [
      name,
      { data: values.subarray(from, from + rows), shape: [rows] },
    ]),
  );
}
