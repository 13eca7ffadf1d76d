/** Scores encoded rows with a published model. It needs no library but onnxruntime, because it runs in the Lambda. */
import { channel } from 'node:diagnostics_channel';
import type { Model } from '../../model/model.ts';
import type { EncodedChunk } from '../../table/encoded.ts';
import { turns } from '../../workers/turns.ts';
import { KEPT_BYTES, openScorer, readProgram } from '../scoring/program.ts';
import type { Scorer } from '../scoring/scorer.ts';
import { ScoringThreads, TABLE_BYTES } from '../scoring/scoring-threads.ts';
import type { SessionOptions } from './session.ts';

/** Rows from which on it is worth to start worker threads, which takes as long as scoring so many. */
const MANY_ROWS = 32_768;
/** Rows of a chunk that may be a piece of a longer input. */
const PIECE_ROWS = 4096;

/**
 * Chunks that are under way for each thread: results are taken in the order of the chunks, so that a thread which was
 * held up leaves the others without work where fewer wait.
 */
const CHUNKS_OF_THREAD = 3;

/** Bytes of Node.js and of the sessions of a worker thread. */
const THREAD_BYTES = 24 * 2 ** 20;
/** Parts that the first layers of a row are added up from: the user's and the item's. */
const PARTS_OF_ROW = 2;

/**
 * Returns the bytes of memory that scoring so many rows takes at most. Pages of the model's file are not among them: the
 * system takes them back where it needs memory.
 */
export function scoringBytes(
  { embeddings, network }: Model,
  { rows, threads }: { readonly rows: number; readonly threads: number },
): number {
  if (rows < MANY_ROWS) return 0;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const tables = 4 * sum(embeddings.tables.map((table) => table.rows * table.dimension));
  // Each layer has one bias, of as many values as it has units.
  const units = sum(network.parameters.map(({ shape }) => (shape.length === 1 ? (shape[0] as number) : 0)));
  const parts = PARTS_OF_ROW * 4 * rows * units;
  return Math.min(tables, TABLE_BYTES) + Math.min(parts, KEPT_BYTES) + threads * THREAD_BYTES;
}

/** Every chunk that is scored is published here, as a `ScoredChunk`, before it is: to count in a test, or to profile. */
export const SCORED_CHUNKS = channel('entirespace:scored-chunk');

export interface ScoredChunk {
  /** Folder of the model. */
  readonly folder: string;
  readonly rows: number;
}

/** A model that is open for scoring. */
export interface ScoringModel {
  /** Names of the probabilities: `pctr`, `pcvr`, `pctcvr`, ... */
  readonly outputs: readonly string[];
  /** Chunks that are worth to be under way at once. */
  readonly chunksAtOnce: number;
  /** Makes ready in time, if so many rows will come that they are worth it: starts worker threads, where it may. */
  prepare(rows: number): void;
  /** Returns the probabilities of all rows, by output name. The chunk may be changed once it is scored. */
  predict(chunk: EncodedChunk): Promise<Record<string, Float32Array>>;
  /** Closes the model. It cannot be used afterwards. */
  release(): Promise<void>;
}

/**
 * Opens the `model.onnx` of a model version's folder, whose files must have been verified against its manifest. Rows are
 * scored in this thread until there are many, then in as many worker threads as `threads`, unless that is 1; or, at once,
 * in threads that are `started` already, which are released with the model.
 */
export async function openScoringModel(
  folder: string,
  { threads, started = null }: Pick<SessionOptions, 'threads'> & { readonly started?: ScoringThreads | null },
): Promise<ScoringModel> {
  const program = await (started === null ? readProgram(folder) : started.open(folder));
  const few = started === null ? oneByOne(await openScorer(program, { threads })) : null;
  let scorer: Scorer | null = started ?? few;
  let rowsHere = 0;
  const prepare = (rows: number) => {
    if (scorer === few && rows >= MANY_ROWS) scorer = openForMany(folder, threads);
  };
  return {
    outputs: program.outputs,
    chunksAtOnce: threads === 1 ? 1 : CHUNKS_OF_THREAD * threads,
    prepare,
    async predict(chunk) {
      SCORED_CHUNKS.publish({ folder, rows: chunk.rows } satisfies ScoredChunk);
      if (chunk.rows >= PIECE_ROWS) rowsHere += chunk.rows;
      prepare(rowsHere);
      scorer ??= openForMany(folder, threads);
      const used = scorer;
      try {
        return await used.predict(chunk);
      } catch (error) {
        if (used === few) throw error;
        // A thread that has ended would fail every other chunk, too; the next ones get new threads.
        if (scorer === used) scorer = null;
        await used.release();
        throw error;
      }
    },
    async release() {
      if (scorer !== few) await scorer?.release();
      scorer = null;
      await few?.release();
    },
  };
}

/** Opens a model in worker threads, or in this thread if it is the only one. */
function openForMany(folder: string, threads: number): Scorer {
  if (threads === 1) {
    const program = readProgram(folder, { threads, tableBytes: TABLE_BYTES });
    return oneByOne(program.then((read) => openScorer(read, { threads })));
  }
  const workers = new ScoringThreads(threads);
  workers.open(folder).catch(() => undefined);
  return workers;
}

/** Scores chunks in this thread, one after the other. */
function oneByOne(scorer: Scorer | Promise<Scorer>): Scorer {
  const inTurn = turns();
  return {
    predict: (chunk) => inTurn(async () => (await scorer).predict(chunk)),
    release: () => inTurn(async () => (await scorer).release()),
  };
}
