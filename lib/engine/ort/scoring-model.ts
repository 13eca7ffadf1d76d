/** Scores encoded rows with a published model. It needs no library but onnxruntime, because it runs in the Lambda. */
import { channel } from 'node:diagnostics_channel';
import type { EncodedChunk } from '../../table/encoded.ts';
import { turns } from '../../workers/turns.ts';
import { openScorer, readProgram } from '../scoring/program.ts';
import { ScoringThreads } from '../scoring/scoring-threads.ts';
import type { SessionOptions } from './session.ts';

/** Rows of a chunk from which on it is worth to start worker threads: such chunks are pieces of longer inputs. */
const MANY_ROWS = 4096;

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
  /** Returns the probabilities of all rows, by output name. The chunk may be changed once it is scored. */
  predict(chunk: EncodedChunk): Promise<Record<string, Float32Array>>;
  /** Closes the model. It cannot be used afterwards. */
  release(): Promise<void>;
}

/**
 * Opens the `model.onnx` of a model version's folder, whose files must have been verified against its manifest. A first
 * chunk of few rows is scored in this thread; one of many rows and all that follow in as many worker threads as
 * `threads`, unless that is 1.
 */
export async function openScoringModel(
  folder: string,
  { threads }: Pick<SessionOptions, 'threads'>,
): Promise<ScoringModel> {
  const program = await readProgram(folder);
  const own = await openScorer(program, threads);
  const inTurn = turns();
  let workers: ScoringThreads | null = null;
  return {
    outputs: program.outputs,
    chunksAtOnce: threads === 1 ? 1 : 2 * threads,
    predict(chunk) {
      SCORED_CHUNKS.publish({ folder, rows: chunk.rows } satisfies ScoredChunk);
      if (threads === 1 || (workers === null && chunk.rows < MANY_ROWS)) return inTurn(() => own.predict(chunk));
      workers ??= new ScoringThreads(program, threads);
      return workers.predict(chunk);
    },
    async release() {
      await workers?.release();
      await inTurn(() => own.release());
    },
  };
}
