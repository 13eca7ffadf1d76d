/** Scores encoded rows with a published model. It needs no library but onnxruntime, because it runs in the Lambda. */
import { channel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import type { EncodedChunk } from '../../table/encoded.ts';
import { type NamedTensor, Session, type SessionOptions } from './session.ts';

/** Rows per run: the intermediate values of more rows do not fit the processor's caches. */
const RUN_ROWS = 4096;

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
  /** Returns the probabilities of all rows, by output name. */
  predict(chunk: EncodedChunk): Promise<Record<string, Float32Array>>;
  /** Closes the model. It cannot be used afterwards. */
  release(): Promise<void>;
}

/** Opens the `model.onnx` of a model version's folder, whose files must have been verified against its manifest. */
export async function openScoringModel(folder: string, options: SessionOptions): Promise<ScoringModel> {
  const session = await Session.open(join(folder, 'model.onnx'), options);
  return {
    outputs: session.outputs,
    predict(chunk) {
      SCORED_CHUNKS.publish({ folder, rows: chunk.rows } satisfies ScoredChunk);
      return predict(session, chunk);
    },
    release: () => session.release(),
  };
}

async function predict(session: Session, chunk: EncodedChunk): Promise<Record<string, Float32Array>> {
  const results = Object.fromEntries(session.outputs.map((name) => [name, new Float32Array(chunk.rows)]));
  for (let start = 0; start < chunk.rows; start += RUN_ROWS) {
    const end = Math.min(start + RUN_ROWS, chunk.rows);
    const outputs = await session.run(inputsOf(chunk, start, end));
    for (const [name, values] of Object.entries(results)) values.set(outputs[name] as Float32Array, start);
  }
  return results;
}

function inputsOf(
  { rows, ids, weights, numbers }: EncodedChunk,
  start: number,
  end: number,
): Record<string, NamedTensor> {
  const slice = <T extends BigInt64Array | Float32Array>(name: string, data: T): [string, NamedTensor] => {
    const length = data.length / rows;
    const shape = Object.hasOwn(ids, name) && !Object.hasOwn(weights, name) ? [end - start] : [end - start, length];
    return [name, { data: data.subarray(start * length, end * length) as T, shape }];
  };
  return Object.fromEntries([
    ...Object.entries(ids).map(([name, data]) => slice(name, data)),
    ...Object.entries(weights).map(([name, data]): [string, NamedTensor] => [`${name}_weights`, slice(name, data)[1]]),
    ...Object.entries(numbers).map(([name, data]): [string, NamedTensor] => [
      name,
      { data: data.subarray(start, end), shape: [end - start] },
    ]),
  ]);
}
