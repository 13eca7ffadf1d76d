/** Scores encoded rows with a published model. It needs no library but onnxruntime, because it runs in the Lambda. */
import { channel } from 'node:diagnostics_channel';
import type { EncodedChunk } from '../../table/encoded.ts';
import { turns } from '../../workers/turns.ts';
import { openScorer, readProgram } from '../scoring/program.ts';
import { ScoringThreads } from '../scoring/scoring-threads.ts';
import type { SessionOptions } from './session.ts';

/** Rows from which on it is worth to start worker threads, which takes as long as scoring so many. */
const MANY_ROWS = 32_768;
/** Rows of a chunk that may be a piece of a longer input. */
const PIECE_ROWS = 4096;

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
  /** Starts the worker threads in time, if so many rows will come that they are worth it. */
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
  const program = await readProgram(folder);
  started?.open(program);
  const own = await openScorer(program, threads);
  const inTurn = turns();
  let rowsHere = 0;
  let workers = started;
  const prepare = (rows: number) => {
    if (workers !== null || threads === 1 || rows < MANY_ROWS) return;
    workers = new ScoringThreads(threads);
    workers.open(program);
  };
  return {
    outputs: program.outputs,
    chunksAtOnce: threads === 1 ? 1 : 2 * threads,
    prepare,
    async predict(chunk) {
      SCORED_CHUNKS.publish({ folder, rows: chunk.rows } satisfies ScoredChunk);
      if (chunk.rows >= PIECE_ROWS) rowsHere += chunk.rows;
      prepare(rowsHere);
      const pool = workers;
      if (pool === null) return inTurn(() => own.predict(chunk));
      try {
        return await pool.predict(chunk);
      } catch (error) {
        // A thread that has ended would fail every other chunk, too; the next ones get new threads.
        if (workers === pool) workers = null;
        await pool.release();
        throw error;
      }
    },
    async release() {
      await workers?.release();
      workers = null;
      await inTurn(() => own.release());
    },
  };
}
