/** The traced step of every model in onnxruntime, compared with the same functions run without tracing on tfjs-cpu. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../../lib/engine/ort/session.ts';
import { traceStep } from '../../../lib/engine/ort/step-model.ts';
import {
  EMBEDDED,
  EMBEDDED_GRADIENT,
  gradientName,
  lossName,
  presentName,
} from '../../../lib/engine/step/step-names.ts';
import { onnxBytes } from '../../../lib/graph/onnx-file.ts';
import { type Model, targetsOf } from '../../../lib/model/model.ts';
import { sequencesOf } from '../../../lib/model/sequences.ts';
import { firstStep } from '../eager-step.ts';
import { expectClose, leastGradient } from '../expect-close.ts';
import { smallBatch, someWeights } from '../small-batch.ts';
import { MODELS } from '../small-model.ts';

/** Defines tests of the step graph of every model, on batches of each of the given numbers of rows. */
export function describeStepGraphs(sizes: readonly number[]): void {
  describe.each(MODELS)('the step graph of $name', ({ model }) => {
    beforeAll(async () => {
      await tf.setBackend('cpu');
    });

    it.each(sizes)('gives the losses and gradients of tfjs-cpu for %i rows', async (rows) => {
      const eager = firstStep(model, rows);
      const session = await Session.open(onnxBytes(traceStep(model, { hasMasks: false, shared: null }).graph), {
        threads: 1,
      });
      const got = await session.run({
        ...onnxInputs(model, rows),
        [EMBEDDED]: { data: eager.embedded, shape: [rows, model.embeddings.width] },
      });
      const expected = {
        ...rename(eager.losses, lossName, (loss) => Float32Array.of(loss)),
        ...rename(eager.gradients.parameters, gradientName, (gradient) => gradient),
        [EMBEDDED_GRADIENT]: eager.embeddedGradient,
      };
      expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
      const least = leastGradient(eager.gradients.parameters);
      for (const [name, values] of Object.entries(expected))
        expectClose(got[name] as Float32Array, values, 1e-5, `${name} at ${rows} rows`, least);
      await session.release();
    });
  });
}

function onnxInputs(model: Model, rows: number) {
  const weights = someWeights(model);
  const batch = smallBatch(model, rows);
  return Object.fromEntries([
    ...model.network.parameters.map(({ name, shape }) => [
      `parameter/${name}`,
      { data: weights.parameters[name] as Float32Array, shape },
    ]),
    ...model.layout.numbers.map((input) => [
      `number/${input.name}`,
      {
        data: batch.numbers[input.name] as Float32Array,
        shape: input.kind === 'vector' ? [rows, input.length] : [rows],
      },
    ]),
    ...sequencesOf(model.layout).map(({ name, length }) => [
      presentName(name),
      { data: batch.coefficients[name] as Float32Array, shape: [rows, length] },
    ]),
    ...targetsOf(model).flatMap(({ name }) => [
      [`label/${name}`, { data: batch.labels[name] as Float32Array, shape: [rows, 1] }],
      [`weight/${name}`, { data: batch.weights[name] as Float32Array, shape: [rows, 1] }],
    ]),
  ]);
}

function rename<T, U>(values: Readonly<Record<string, T>>, nameOf: (name: string) => string, of: (value: T) => U) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [nameOf(name), of(value)]));
}
