/**
 * Writes encoded rows and the product's scores of them, which `check_model.py` compares with Python's onnxruntime:
 *
 *     tsx test/onnx/make-cases.ts <out> [<version folder> <log>]
 *
 * Writes `<out>/kinds/`, a model with every kind of input and some conversion rates below 1e-7, and its cases to
 * `<out>/cases-kinds.json`. With a version, also writes `<out>/cases-version.json`, for rows of the log.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { traceScores } from '../../lib/engine/ort/scoring-graph.ts';
import { openScoringModel } from '../../lib/engine/ort/scoring-model.ts';
import { writeOnnx } from '../../lib/graph/onnx-file.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { checkLog } from '../../lib/table/check/log.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { encodeLog } from '../../lib/table/encode/encode.ts';
import { type EncodedChunk, INPUTS_FILE } from '../../lib/table/encoded.ts';
import { readEncoder } from '../../lib/table/fit/encoder-files.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { firstWeights } from '../engine/first-weights.ts';
import { inputsWith, smallChunk, smallModel, TARGET_LSTM, withVector } from '../engine/small-model.ts';
import { chainOfThree } from '../model/funnels.ts';

const ROWS = 200;
const [out, version, logPath] = process.argv.slice(2);
if (out === undefined) throw new TypeError('folder missing, expected make-cases.ts <out> [<version folder> <log>]');
await mkdir(join(out, 'kinds'), { recursive: true });
await writeKinds(out);
if (version !== undefined && logPath !== undefined) await writeVersion(out, version, logPath);

async function writeKinds(folder: string): Promise<void> {
  const inputs = withVector(inputsWith(TARGET_LSTM));
  const model = smallModel('concatenate', stageGraph(chainOfThree), 'esmm', inputs);
  const { tables, parameters } = firstWeights(model, { click: 1e-4, conversion: 1e-10 }, 5);
  // The weights of the last layers start at 0, which would give every row the same score.
  const spread = Object.fromEntries(
    Object.entries(parameters).map(([name, values]) => [name, values.map((value, i) => value || Math.sin(i + 1))]),
  );
  const embeddings = Object.fromEntries(
    Object.entries(tables).map(([name, values]) => [name, values.map((value) => value * 50)]),
  );
  await writeOnnx(
    traceScores(model, inputs, { parameters: spread, tables: embeddings }),
    join(folder, 'kinds', 'model.onnx'),
  );
  await writeFile(join(folder, 'kinds', INPUTS_FILE), JSON.stringify(inputs));
  await writeCases(join(folder, 'cases-kinds.json'), join(folder, 'kinds'), smallChunk(ROWS), { must_reach: 1e-7 });
}

async function writeVersion(folder: string, versionFolder: string, path: string): Promise<void> {
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 500, scratch: folder });
  const { declaration } = await readDeclaration(join(versionFolder, 'declaration.yaml'));
  const log = await checkLog(database, await openSource(database, path), declaration);
  const encoder = await readEncoder(database, versionFolder);
  for await (const chunk of encodeLog(database, log, encoder, { parts: ['test'], chunkRows: ROWS })) {
    await writeCases(join(folder, 'cases-version.json'), versionFolder, chunk);
    break;
  }
  await database.close();
}

async function writeCases(path: string, modelFolder: string, chunk: EncodedChunk, extra: object = {}): Promise<void> {
  const model = await openScoringModel(modelFolder, { threads: 1 });
  const outputs = await model.predict(chunk);
  await model.release();
  const rowsOf = (values: ArrayLike<number>) => {
    const length = values.length / chunk.rows;
    const plain = Array.from(values, (value) => (Number.isNaN(Number(value)) ? null : Number(value)));
    return Array.from({ length: chunk.rows }, (_, row) =>
      length === 1 ? plain[row] : plain.slice(row * length, (row + 1) * length),
    );
  };
  const inputs = {
    ...chunk.ids,
    ...Object.fromEntries(Object.entries(chunk.weights).map(([name, values]) => [`${name}_weights`, values])),
    ...chunk.numbers,
  };
  const byName = (values: Readonly<Record<string, ArrayLike<number>>>) =>
    Object.fromEntries(Object.entries(values).map(([name, column]) => [name, rowsOf(column)]));
  await writeFile(path, JSON.stringify({ inputs: byName(inputs), outputs: byName(outputs), ...extra }));
}
