/** Scores rows with a whole model, run by run. */
import type { EncodedChunk } from '../../table/encoded.ts';
import { Session } from '../ort/session.ts';
import { type ColumnInput, InputTensors } from './column-inputs.ts';
import type { Scorer } from './scorer.ts';

/** Rows of a run: the intermediate values of more rows do not fit the processor's caches. */
const RUN_ROWS = 1024;

/** Opens a model whose tensors are in a folder. */
export async function openPlainScorer(
  model: Uint8Array,
  inputs: readonly ColumnInput[],
  folder: string,
): Promise<Scorer> {
  const session = await Session.open(model, { threads: 1, dataFolder: folder });
  const tensors = new InputTensors(inputs, RUN_ROWS);
  return {
    async predict(chunk: EncodedChunk) {
      const results = Object.fromEntries(session.outputs.map((name) => [name, new Float32Array(chunk.rows)]));
      for (let from = 0; from < chunk.rows; from += RUN_ROWS) {
        const rows = Math.min(RUN_ROWS, chunk.rows - from);
        const outputs = await session.run(tensors.of(chunk, from, rows));
        for (const [name, values] of Object.entries(results)) values.set(outputs[name] as Float32Array, from);
      }
      return results;
    },
    release: () => session.release(),
  };
}
