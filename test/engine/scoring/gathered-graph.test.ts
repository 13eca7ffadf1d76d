import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { columnInputs } from '../../../lib/engine/scoring/column-inputs.ts';
import { EmbeddingTables, shareTables } from '../../../lib/engine/scoring/embedding-tables.ts';
import { type GatheredMatrix, gatherableTables, scoringGraph } from '../../../lib/engine/scoring/gathered-graph.ts';
import { openScorer, readProgram } from '../../../lib/engine/scoring/program.ts';
import type { OnnxTensor } from '../../../lib/onnx/onnx-model.ts';
import { readOnnx } from '../../../lib/onnx/read-onnx.ts';
import { Lcg } from '../lcg.ts';
import { INPUTS, smallChunk, smallModel } from '../small-model.ts';
import { published } from './published.ts';

const inputs = new Map(columnInputs(INPUTS).map((input) => [input.name, input]));

describe('a graph whose embeddings are gathered outside', () => {
  it('is given matrices of the fields that follow each other, and has no table of theirs', async () => {
    const model = readOnnx(join(await published(smallModel()), 'model.onnx'));
    const outputs = model.outputs.map(({ name }) => name);
    const tables = gatherableTables(model, inputs, 1e6);
    expect([...tables]).toEqual(['embedding.city', 'embedding.item']);
    const { matrices, inputs: own } = scoringGraph(model, outputs, { inputs, tables });
    expect(matrices.map(({ width, fields }) => [width, fields.map(({ input }) => input.name)])).toEqual([
      [6, ['city']],
      [6, ['item']],
    ]);
    expect(own.map(({ name }) => name)).toEqual(['history', 'history_weights', 'age', 'price', 'score']);
  });

  it('leaves the tables to onnxruntime that take more bytes', async () => {
    const model = readOnnx(join(await published(smallModel()), 'model.onnx'));
    expect([...gatherableTables(model, inputs, 4 * 6 * 40)]).toEqual(['embedding.city']);
    expect([...gatherableTables(model, inputs, 4 * 6 * 9 - 1)]).toEqual([]);
  });

  it('scores to the same bits', async () => {
    const folder = await published(smallModel());
    const scores = await Promise.all(
      [undefined, { threads: 1, tableBytes: 1e6 }].map(async (many) => {
        const scorer = await openScorer(await readProgram(folder, many), { threads: 1 });
        const result = await scorer.predict(smallChunk(3001));
        await scorer.release();
        return result;
      }),
    );
    expect(scores[1]).toEqual(scores[0]);
  });
});

describe('gathered rows', () => {
  const random = new Lcg(11);
  const table = (name: string, rows: number, dimension: number): OnnxTensor => {
    const values = new Uint8Array(random.values(rows * dimension).buffer);
    return { name, dims: [rows, dimension], isFloat: true, message: new Uint8Array(), values };
  };
  const [city, item] = ['city', 'item'].map((name) => inputs.get(name)) as [never, never];

  it.each([
    [1, 3],
    [4, 5],
    [18, 16],
    [2, 70],
  ])('are those of the tables, of %i and %i columns', async (first, second) => {
    const fields = [
      { input: city, table: table('a', 50, first) },
      { input: item, table: table('b', 7, second) },
      { input: city, table: table('c', 3, second) },
    ];
    const matrix: GatheredMatrix = { name: 'm', width: first + 2 * second, fields };
    const shared = shareTables([{ bytes: new Uint8Array(), inputs: [], matrices: [matrix] }], '', 2);
    const threads = await Promise.all([0, 1].map((thread) => EmbeddingTables.attach(shared, thread)));
    for (const rows of [0, 1, 3, 127, 128, 131, 300]) {
      const ids = fields.map(({ table: { dims } }) =>
        Int32Array.from({ length: rows }, () => random.next() % (dims[0] as number)),
      );
      const expected = Array.from({ length: rows }, (_, row) =>
        fields.flatMap(({ table: { values, dims } }, field) => {
          const at = (ids[field]?.[row] as number) * (dims[1] as number);
          return [...new Float32Array((values as Uint8Array).buffer).subarray(at, at + (dims[1] as number))];
        }),
      ).flat();
      for (const tables of threads) {
        const into = new Float32Array(rows * matrix.width);
        const copyIds = (field: (typeof fields)[number], from: number, to: Int32Array) =>
          to.set((ids[fields.indexOf(field)] as Int32Array).subarray(from, from + to.length));
        tables.gather(matrix, rows, copyIds as never, into);
        expect([...into]).toEqual(expected);
      }
    }
  });

  it('fail at an id that has no row', async () => {
    const matrix: GatheredMatrix = { name: 'm', width: 2, fields: [{ input: item, table: table('t', 40, 2) }] };
    const shared = shareTables([{ bytes: new Uint8Array(), inputs: [], matrices: [matrix] }], '', 1);
    const tables = await EmbeddingTables.attach(shared, 0);
    const gather = (id: number) =>
      tables.gather(matrix, 200, (_, from, ids) => ids.fill(39).set(from === 0 ? [] : [id], 5), new Float32Array(400));
    gather(39);
    expect(() => gather(40)).toThrow('row ids of item are below 40, the rows of t, got 40');
    expect(() => gather(-1)).toThrow('row ids of item are below 40, the rows of t, got -1');
  });
});
