import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../lib/engine/create-engine.ts';
import type { Batch, EngineOptions, TrainingEngine } from '../../../lib/engine/engine.ts';
import { Session } from '../../../lib/engine/ort/session.ts';
import { EMBEDDED, gradientName, traceStep } from '../../../lib/engine/ort/step-model.ts';
import { graphText } from '../../../lib/graph/graph.ts';
import { onnxBytes } from '../../../lib/graph/onnx-file.ts';
import { embedRows } from '../../../lib/model/embeddings.ts';
import { stepFunction } from '../../../lib/model/functions.ts';
import { bagCoefficients } from '../../../lib/model/kinds/bag.ts';
import { quantileId } from '../../../lib/model/kinds/quantile.ts';
import type { Model } from '../../../lib/model/model.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import type { InputSpec } from '../../../lib/table/encoded.ts';
import { initialWeights } from '../../../lib/training/initial-weights.ts';
import { chainOfThree, esm2 } from '../../model/funnels.ts';
import { INPUTS, smallChunk, smallModel } from '../small-model.ts';

const OPTIONS: EngineOptions = {
  batchSize: 4096,
  threads: 1,
  optimizer: { type: 'adam', learningRate: 0.01 },
  l2Embeddings: 0,
  dropout: 0,
  seed: 3,
};
const RATES = { click: 0.3, conversion: 0.05, action: 0.1, buy: 0.04 };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each([
  { name: 'fields side by side', model: smallModel() },
  { name: 'fields summed by entity', model: smallModel('sum_by_entity') },
  { name: 'ESM2', model: smallModel('concatenate', stageGraph(esm2)) },
  { name: 'ESMM-NS', model: smallModel('concatenate', stageGraph(chainOfThree), 'esmm-ns') },
  { name: 'ESMM-NS with fields summed by entity', model: smallModel('sum_by_entity', stageGraph(esm2), 'esmm-ns') },
  { name: 'BASE', model: smallModel('concatenate', stageGraph(chainOfThree), 'base') },
  { name: 'BASE over paths that meet again', model: smallModel('concatenate', stageGraph(esm2), 'base') },
])('the step graph, $name', ({ model }) => {
  it.each([1, 3, 4096])('has the loss and gradients of tfjs-cpu at %i rows', async (rows) => {
    const batch = smallBatch(model, rows);
    const weights = someWeights(model);
    const session = await Session.open(onnxBytes(traceStep(model, false).graph), { threads: 1 });
    const eager = eagerStep(model, weights, batch);
    const got = await session.run({
      ...onnxInputs(model, weights, batch),
      [EMBEDDED]: { data: eager.embedded, shape: [rows, model.embeddings.width] },
    });
    for (const [name, expected] of Object.entries(eager.outputs))
      expectClose(got[name] as Float32Array, expected, `${name} at ${rows} rows`);
    await session.release();
  });
});

it('starts at the base rates: the first losses are those of predicting them', async () => {
  const engine = await engineOf(smallModel());
  const rows = 4096;
  const batch = smallBatch(engine.model, rows);
  const entropy = (rate: number, predicted: number) =>
    -(rate * Math.log(predicted) + (1 - rate) * Math.log(1 - predicted));
  const losses = await engine.loss(batch);
  for (const stage of ['click', 'conversion'] as const) {
    const labels = batch.labels[stage] as Float32Array;
    const rate = labels.reduce((a, b) => a + b, 0) / rows;
    expect(losses[stage]).toBeGreaterThan(0.9 * entropy(rate, RATES[stage]));
    expect(losses[stage]).toBeLessThan(1.1 * entropy(rate, RATES[stage]));
  }
  await engine.release();
});

it('learns: the loss of a batch falls as it is repeated', async () => {
  const engine = await engineOf(smallModel());
  const batch = smallBatch(engine.model, 512);
  const before = await engine.loss(batch);
  for (let i = 0; i < 60; i++) await engine.train(batch);
  const after = await engine.loss(batch);
  expect(after.click).toBeLessThan(0.7 * (before.click as number));
  expect(after.conversion).toBeLessThan(0.7 * (before.conversion as number));
  await engine.release();
});

it('touches only the rows of the batch', async () => {
  const engine = await engineOf(smallModel());
  engine.load(someWeights(engine.model));
  const before = engine.weights().tables;
  const batch = smallBatch(engine.model, 3);
  await engine.train(batch);
  const after = engine.weights().tables;
  const seen = new Set([...(batch.ids.city as Int32Array)]);
  const changed = Array.from({ length: 9 }, (_, row) => row).filter((row) => !sameRow(before.city, after.city, row, 6));
  expect(new Set(changed)).toEqual(seen);
  expect([...(engine.touched.city as Uint8Array)].flatMap((flag, row) => (flag ? [row] : []))).toEqual(
    [...seen].sort(),
  );
  await engine.release();
});

it('touches the rows of clicked impressions alone where the network trains on them alone', async () => {
  const engine = await engineOf(smallModel('concatenate', stageGraph(chainOfThree), 'base'));
  const batch = smallBatch(engine.model, 5);
  await engine.train(batch);
  const cities = [...(batch.ids.city as Int32Array)];
  const clicked = cities.filter((_, row) => batch.labels.click?.[row] === 1);
  const touched = (table: string) =>
    [...(engine.touched[table] as Uint8Array)].flatMap((flag, row) => (flag === 1 ? [row] : []));
  expect(touched('click.city')).toEqual([...new Set(cities)].sort());
  expect(touched('conversion.city')).toEqual([...new Set(clicked)].sort());
  expect(clicked.length).toBeGreaterThan(0);
  expect(clicked.length).toBeLessThan(cities.length);
  await engine.release();
});

it('masks rows of weight 0: they change neither loss nor weights', async () => {
  const model = smallModel();
  const [alone, padded] = [await engineOf(model), await engineOf(model)];
  const batch = smallBatch(model, 5);
  const longer = smallBatch(model, 8);
  for (const weights of Object.values(longer.weights)) weights.fill(0.2, 0, 5).fill(0, 5);
  const [expected, got] = [await alone.loss(batch), await padded.loss(longer)];
  for (const stage of ['click', 'conversion']) expect(got[stage]).toBeCloseTo(expected[stage] as number, 6);
  await alone.release();
  await padded.release();
});

it('is the same to the last bit for the same seed, dropout included', async () => {
  const run = async (seed: number) => {
    const engine = await engineOf(smallModel(), { dropout: 0.3, seed });
    for (let i = 0; i < 5; i++) await engine.train(smallBatch(engine.model, 64, i * 64));
    const weights = engine.weights();
    await engine.release();
    return weights;
  };
  const first = await run(3);
  expect(await run(3)).toEqual(first);
  expect(await run(4)).not.toEqual(first);
});

it('is traced to the graph that is kept as text', async () => {
  await expect(graphText(traceStep(smallModel(), false).graph)).toMatchFileSnapshot('step-graph.txt');
});

async function engineOf(model: Model, options: Partial<EngineOptions> = {}): Promise<TrainingEngine> {
  const engine = await createEngine(model, { ...OPTIONS, ...options });
  engine.load(initialWeights(model, RATES, 1));
  return engine;
}

/** Weights of which none is 0, as after some training. */
function someWeights(model: Model): ReturnType<typeof initialWeights> {
  const { parameters, tables } = initialWeights(model, RATES, 1);
  const filled = Object.entries(parameters).map(
    ([name, values]) => [name, values.map((value, i) => value || Math.sin(i + 1) * 0.3)] as const,
  );
  return { parameters: Object.fromEntries(filled), tables };
}

function smallBatch(model: Model, rows: number, from = 0): Batch {
  const chunk = smallChunk(rows, from);
  const ids = Object.fromEntries(
    Object.entries(chunk.ids).map(([name, values]) => [name, Int32Array.from(values, Number)]),
  );
  const age = INPUTS[2] as InputSpec & { kind: 'quantile' };
  const coefficients = new Float32Array(rows * 4);
  for (let row = 0; row < rows; row++)
    bagCoefficients(
      'mean',
      (chunk.weights.history as Float32Array).subarray(row * 4, row * 4 + 4),
      coefficients.subarray(row * 4, row * 4 + 4),
    );
  const label = (every: number) => Float32Array.from({ length: rows }, (_, i) => Number((from + i) % every === 0));
  const every: Record<string, number> = { click: 3, conversion: 18, action: 9, buy: 18 };
  return {
    rows,
    ids: { ...ids, age: Int32Array.from(chunk.numbers.age as Float32Array, (value) => quantileId(age, value)) },
    coefficients: { history: coefficients },
    numbers: chunk.numbers,
    labels: Object.fromEntries(model.graph.labelled.map(({ name }) => [name, label(every[name] as number)])),
    weights: Object.fromEntries(model.graph.labelled.map(({ name }) => [name, new Float32Array(rows).fill(1 / rows)])),
  };
}

/** The same functions on tfjs-cpu, embedding included. */
function eagerStep(model: Model, weights: ReturnType<typeof initialWeights>, batch: Batch) {
  const chunk = smallChunk(batch.rows);
  const tables = Object.fromEntries(
    model.embeddings.tables.map(({ name, rows, dimension }) => [
      name,
      tf.tensor2d(weights.tables[name] as Float32Array, [rows, dimension]),
    ]),
  );
  const encoded = {
    ...Object.fromEntries(['city', 'item'].map((name) => [name, tf.tensor1d(batch.ids[name] as Int32Array, 'int32')])),
    history: tf.tensor2d(batch.ids.history as Int32Array, [batch.rows, 4], 'int32'),
    history_weights: tf.tensor2d(chunk.weights.history as Float32Array, [batch.rows, 4]),
    ...Object.fromEntries(Object.entries(chunk.numbers).map(([name, values]) => [name, tf.tensor1d(values)])),
  };
  const embedded = embedRows(model, tables, encoded) as tf.Tensor;
  const parameters = Object.fromEntries(
    model.network.parameters.map(({ name, shape }) => [
      name,
      tf.tensor(weights.parameters[name] as Float32Array, [...shape]),
    ]),
  );
  const columns = (values: Readonly<Record<string, Float32Array>>) =>
    Object.fromEntries(Object.entries(values).map(([name, data]) => [name, tf.tensor2d(data, [batch.rows, 1])]));
  const numbers = Object.fromEntries(
    model.layout.numbers.map(({ name }) => [name, tf.tensor1d(batch.numbers[name] as Float32Array)]),
  );
  const result = stepFunction(model, parameters, {
    embedded,
    numbers,
    labels: columns(batch.labels),
    weights: columns(batch.weights),
  });
  const data = (tensor: tf.Tensor) => tensor.dataSync() as Float32Array;
  return {
    embedded: data(embedded),
    outputs: {
      ...Object.fromEntries(result.losses.map(({ name, value }) => [`loss/${name}`, data(value)])),
      ...Object.fromEntries(
        Object.entries(result.gradients).map(([name, gradient]) => [gradientName(name), data(gradient)]),
      ),
      'gradient/embedded': data(result.embeddedGradient as tf.Tensor),
    },
  };
}

function onnxInputs(model: Model, weights: ReturnType<typeof initialWeights>, batch: Batch) {
  const { rows } = batch;
  return Object.fromEntries([
    ...model.network.parameters.map(({ name, shape }) => [
      `parameter/${name}`,
      { data: weights.parameters[name] as Float32Array, shape },
    ]),
    ...model.layout.numbers.map(({ name }) => [
      `number/${name}`,
      { data: batch.numbers[name] as Float32Array, shape: [rows] },
    ]),
    ...model.graph.labelled.flatMap(({ name }) => [
      [`label/${name}`, { data: batch.labels[name] as Float32Array, shape: [rows, 1] }],
      [`weight/${name}`, { data: batch.weights[name] as Float32Array, shape: [rows, 1] }],
    ]),
  ]);
}

/** Gradients are compared to the size of their largest element: float32 sums of 4,096 rows in another order. */
function expectClose(got: Float32Array, expected: Float32Array, what: string): void {
  const size = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expect(got.length, what).toBe(expected.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] as number)), `${what}, element ${i}`).toBeLessThanOrEqual(1e-5 * size);
  });
}

function sameRow(a: Float32Array | undefined, b: Float32Array | undefined, row: number, dimension: number): boolean {
  return Array.from({ length: dimension }, (_, k) => row * dimension + k).every((i) => a?.[i] === b?.[i]);
}
