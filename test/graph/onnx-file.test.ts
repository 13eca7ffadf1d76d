import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../lib/engine/ort/session.ts';
import { writeOnnx } from '../../lib/graph/onnx-file.ts';
import { trace } from '../../lib/graph/trace.ts';

const table = { name: 'table', shape: [500, 4], values: Float32Array.from({ length: 2000 }, (_, i) => i / 7) };
const graph = trace(
  ({ ids }, weights) => ({ rows: tf.gather(weights.table as tf.Tensor, ids as tf.Tensor) }),
  [{ name: 'ids', shape: ['batch'], type: 'int64' }],
  [table],
);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('writeOnnx', () => {
  it.each([
    { name: 'whole.onnx', externalBytes: 1 << 30, files: ['whole.onnx'] },
    { name: 'split.onnx', externalBytes: 1000, files: ['split.onnx', 'split.onnx.data'] },
  ])(
    'writes small weights into the model and large ones into a file beside it: $name',
    async ({ name, externalBytes, files }) => {
      const written = await writeOnnx(graph, join(folder, name), externalBytes);
      expect(written.map((path) => basename(path))).toEqual(files);
      const session = await Session.open(join(folder, name), { threads: 1 });
      const { rows } = await session.run({ ids: { data: BigInt64Array.from([499n, 0n]), shape: [2] } });
      expect(Array.from(rows as Float32Array)).toEqual([
        ...table.values.subarray(1996),
        ...table.values.subarray(0, 4),
      ]);
      await session.release();
    },
  );

  it('leaves the weights that it writes beside the model out of the model', async () => {
    await writeOnnx(graph, join(folder, 'small.onnx'), 1000);
    expect((await stat(join(folder, 'small.onnx'))).size).toBeLessThan(1000);
    expect(new Float32Array((await readFile(join(folder, 'small.onnx.data'))).buffer.slice(0, 8000))).toHaveLength(
      2000,
    );
  });
});
