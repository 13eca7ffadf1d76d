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
  const slice = <T extends Int32Array | Float32Array>(data: T): T => {
    const length = data.length / rows;
    return data.subarray(start * length, end * length) as T;
  };
  const shapeOf = (name: string) =>
    Object.hasOwn(weights, name) ? [end - start, (weights[name]?.length ?? 0) / rows] : [end - start];
  return Object.fromEntries([
    ...Object.entries(ids).map(([name, data]) => [name, { data: int64(slice(data)), shape: shapeOf(name) }]),
    ...Object.entries(weights).map(([name, data]) => [`${name}_weights`, { data: slice(data), shape: shapeOf(name) }]),
    ...Object.entries(numbers).map(([name, data]) => [name, { data: slice(data), shape: [end - start] }]),
  ]);
}

/** Returns ids, which are not negative, as the int64 of the graph's inputs. Bigints would be an object for each id. */
function int64(ids: Int32Array): BigInt64Array {
  const words = new Int32Array(2 * ids.length);
  for (let i = 0; i < ids.length; i++) words[2 * i] = ids[i] as number;
  return new BigInt64Array(words.buffer);
}
