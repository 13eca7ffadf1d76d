/** Every tracing rule and every gradient in onnxruntime, beside TF.js's own CPU kernels. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../../lib/graph/onnx-file.ts';
import { trace } from '../../../lib/graph/trace.ts';
import '../../../lib/model/gradients/kernel-gradients.ts';
import { type KernelCase, outputsOf } from './cases/case.ts';
import { CASES } from './cases/index.ts';
import { type Inputs, inputData, inputTensors, TRACED_INPUTS } from './cases/inputs.ts';

const ROWS = [0, 1, 3, 12];

describe.each(Object.entries(CASES))('the traced graphs of %s', (_, cases) => {
  /** What onnxruntime computes, by the number of rows and the name of the output: one graph has all cases. */
  const got = new Map<number, Awaited<ReturnType<Session['run']>>>();

  beforeAll(async () => {
    await tf.setBackend('cpu');
    const graph = trace((inputs) => {
      const outputs = cases.flatMap((one) =>
        Object.entries(outputsOf(one, inputs as unknown as Inputs)).map(([name, value]) => [nameOf(one, name), value]),
      );
      return Object.fromEntries(outputs) as Record<string, tf.Tensor>;
    }, TRACED_INPUTS);
    const session = await Session.open(onnxBytes(graph), { threads: 1 });
    for (const rows of ROWS.filter((count) => cases.some(({ fewestRows = 0 }) => count >= fewestRows)))
      got.set(
        rows,
        await session.run(
          Object.fromEntries(TRACED_INPUTS.map(({ name }) => [name, inputData(name as keyof Inputs, rows)])),
        ),
      );
    await session.release();
  });

  it.each(cases)('give the values and gradients of tfjs-cpu: $name', (one) => {
    for (const rows of ROWS.filter((count) => count >= (one.fewestRows ?? 0)))
      tf.tidy(() => {
        for (const [name, expected] of Object.entries(
          outputsOf({ ...one, of: one.inTfjs ?? one.of }, inputTensors(rows)),
        ))
          expectClose(got.get(rows)?.[nameOf(one, name)] as Float32Array, expected, one, `${name} at ${rows} rows`);
      });
  });
});

function nameOf({ name }: KernelCase, output: string): string {
  return `${name}: ${output}`;
}

function expectClose(got: Float32Array, expected: tf.Tensor, { absolute = 1e-6 }: KernelCase, what: string): void {
  const values = expected.dataSync();
  expect(got.length, what).toBe(values.length);
  for (let i = 0; i < values.length; i++) {
    const [a, b] = [got[i] as number, values[i] as number];
    const isClose = Object.is(a, b) || a === b || Math.abs(a - b) <= absolute + 1e-5 * Math.abs(b);
    expect(isClose, `${what}, element ${i}: got ${a}, expected ${b}`).toBe(true);
  }
}
