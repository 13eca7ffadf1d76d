/** Small models with random weights, as the files of a version from which they are scored. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { traceScores } from '../../../lib/engine/ort/scoring-graph.ts';
import { Session } from '../../../lib/engine/ort/session.ts';
import { columnInputs, InputTensors } from '../../../lib/engine/scoring/column-inputs.ts';
import { writeOnnx } from '../../../lib/graph/onnx-file.ts';
import type { ModelCalibration } from '../../../lib/model/calibrators.ts';
import type { Model } from '../../../lib/model/model.ts';
import { type EncodedChunk, INPUTS_FILE, type InputSpec } from '../../../lib/table/encoded.ts';
import { Lcg } from '../lcg.ts';
import { inputsOf } from '../small-model.ts';

/** Writes `model.onnx` and `inputs.json` to a new folder; weights of more than `externalBytes` to a file beside them. */
export async function published(
  model: Model,
  externalBytes?: number,
  calibration: ModelCalibration | null = null,
): Promise<string> {
  const random = new Lcg(7);
  const weights = {
    parameters: Object.fromEntries(
      model.network.parameters.map(({ name, shape }) => [
        name,
        random.values(shape.reduce((a, b) => a * b, 1)).map((value) => value / 4),
      ]),
    ),
    tables: Object.fromEntries(
      model.embeddings.tables.map(({ name, rows, dimension }) => [name, random.values(rows * dimension)]),
    ),
  };
  const folder = await mkdtemp(join(tmpdir(), 'published-'));
  await writeOnnx(traceScores(model, inputsOf(model), weights, calibration), join(folder, 'model.onnx'), externalBytes);
  await writeFile(join(folder, INPUTS_FILE), JSON.stringify(inputsOf(model)));
  return folder;
}

/** The scores of the model's own graph. */
export async function wholeScores(folder: string, chunk: EncodedChunk): Promise<Record<string, Float32Array>> {
  const inputs = JSON.parse(await readFile(join(folder, INPUTS_FILE), 'utf8')) as InputSpec[];
  const session = await Session.open(join(folder, 'model.onnx'), { threads: 1 });
  const outputs = await session.run(new InputTensors(columnInputs(inputs), chunk.rows).of(chunk, 0, chunk.rows));
  await session.release();
  return outputs as Record<string, Float32Array>;
}

/** The largest difference between two scores of the same row and output, relative to the second. */
export function largestDifference(
  scores: Readonly<Record<string, Float32Array>>,
  expected: Readonly<Record<string, Float32Array>>,
): number {
  const differences = Object.entries(expected).flatMap(([name, values]) =>
    Array.from(values, (value, row) => Math.abs((scores[name]?.[row] ?? Number.NaN) / value - 1)),
  );
  return Math.max(...differences);
}
