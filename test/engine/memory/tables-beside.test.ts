/** Tables beside the memory of the kernels: where they are changes no bit of a training. */
import { describe, expect, it } from 'vitest';
import type { Batch, CreateEngine, EngineOptions, TrainingEngine } from '../../../lib/engine/engine.ts';
import { planParts } from '../../../lib/engine/memory/memory-parts.ts';
import { MemoryPlan } from '../../../lib/engine/memory/memory-plan.ts';
import { type PlannedMemory, planMemory } from '../../../lib/engine/memory/plan-memory.ts';
import type { OptimizerChoice } from '../../../lib/engine/optimizers.ts';
import { createOrtEngine } from '../../../lib/engine/ort/engine.ts';
import { type Model, modelOf } from '../../../lib/model/model.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree } from '../../model/funnels.ts';
import { batchesOf } from '../shared-rows.ts';
import { smallBatch, someWeights } from '../small-batch.ts';
import { byThreads, LAYOUTS, smallModel } from '../small-model.ts';
import { describeStepsOfTfjs } from '../steps-of-tfjs.ts';

const OPTIONS: EngineOptions = {
  batchSize: 700,
  threads: 2,
  optimizer: { type: 'adam', learningRate: 0.01 },
  l2Embeddings: 0.3,
  dropout: 0.2,
  seed: 3,
};

const OPTIMIZERS: readonly OptimizerChoice[] = [
  { type: 'adam', learningRate: 0.01 },
  { type: 'adagrad', learningRate: 0.05 },
  { type: 'rowwise_adagrad', learningRate: 0.05 },
  { type: 'sgd', learningRate: 0.5 },
  { type: 'sgd', learningRate: 0.1, momentum: 0.9 },
];

/** Creates an engine all of whose tables are beside the memory. */
const createBeside: CreateEngine = (model, options) =>
  createOrtEngine(model, options, planBeside(model, options, tablesOf(model)));

describeStepsOfTfjs('the engine on onnxruntime, with tables beside the memory', createBeside, [200], LAYOUTS);

describe('where a memory has no room for all tables', () => {
  it('the largest are beside it, as few as possible', () => {
    const model = modelOf(
      stageGraph(chainOfThree),
      { type: 'esmm', hiddenUnits: [8], fields: 'concatenate' },
      ['user', 'item', 'city'].map((name) => ({ kind: 'id', name, entity: 'item', table: name })),
      [
        { name: 'user', rows: 5000, dimension: 8 },
        { name: 'item', rows: 30_000, dimension: 8 },
        { name: 'city', rows: 9000, dimension: 6 },
      ],
    );
    const besideIn = (bytes: number) =>
      [...planMemory(model, OPTIONS, bytes).parts.tables].flatMap(([name, { table }]) =>
        table.block.buffer === undefined ? [] : [name],
      );
    const bytesWithout = (...beside: string[]) => planBeside(model, OPTIONS, beside).plan.bytes;
    expect(besideIn(bytesWithout())).toEqual([]);
    expect(besideIn(bytesWithout() - 1)).toEqual(['item']);
    expect(besideIn(bytesWithout('item'))).toEqual(['item']);
    expect(besideIn(bytesWithout('item') - 1)).toEqual(['item', 'city']);
    expect(planMemory(model, OPTIONS, bytesWithout('item', 'city', 'user') - 1).plan.fits).toBe(false);
    // Adam keeps two floats of state for each weight.
    expect(planMemory(model, OPTIONS, bytesWithout() - 1).plan.bytesBeside).toBe(30_000 * 8 * 3 * 4);
  });

  it.each(byThreads({ alone: LAYOUTS, onThreads: LAYOUTS }))(
    'the weights and states are the same bytes: $name, $threads threads',
    async (variant) => {
      await expectSameBytes(
        variant.model,
        { threads: variant.threads },
        [200, 1, 3, 64].map((rows, step) => smallBatch(variant.model, rows, 10 * step)),
      );
    },
  );

  it.each(OPTIMIZERS)('the weights and states are the same bytes: $type', async (optimizer) => {
    const model = smallModel();
    await expectSameBytes(
      model,
      { optimizer },
      [200, 64, 200].map((rows, step) => smallBatch(model, rows, 10 * step)),
    );
  });

  it('the weights and states are the same bytes where rows share users', async () => {
    const model = smallModel();
    await expectSameBytes(
      model,
      { sharedEntity: 'user' },
      [0, 1, 2].map((step) => batchesOf(model, step).shared),
    );
  });

  it('the weights and states are the same bytes where a batch has more ids than are copied at once', async () => {
    await expectSameBytes(LARGER, { threads: 1 }, [0, 1, 2].map(largerBatch));
    await expectSameBytes(LARGER, { threads: 3 }, [0, 1, 2].map(largerBatch));
  });

  it('training continues from the state of an engine whose memory has room for them', async () => {
    const model = smallModel();
    const [first, whole] = [await createOrtEngine(model, OPTIONS), await createOrtEngine(model, OPTIONS)];
    for (const engine of [first, whole]) engine.load(someWeights(model));
    const batches = [0, 1, 2, 3].map((step) => smallBatch(model, 100, 10 * step));
    await train(first, batches.slice(0, 2));
    await train(whole, batches);
    const kept = bytesOf(first);
    const rest = await createBeside(model, OPTIONS);
    await rest.restore(2, async (name, into) => into.set(kept.get(name) as Uint8Array));
    await train(rest, batches.slice(2));
    expect(bytesOf(rest)).toEqual(bytesOf(whole));
    for (const engine of [first, whole, rest]) await engine.release();
  });

  it.each([-1, 40])('a step fails on the id %i, which the table does not have', async (id) => {
    const engine = await createBeside(smallModel(), OPTIONS);
    const batch = smallBatch(engine.model, 4);
    const broken = { ...batch, ids: { ...batch.ids, item: Int32Array.of(0, 1, id, 2) } };
    await expect(engine.train(broken)).rejects.toThrow(`id of an embedding: got ${id}, expected one below 40`);
    await engine.release();
  });
});

function planBeside(model: Model, options: EngineOptions, beside: readonly string[]): PlannedMemory {
  const plan = new MemoryPlan();
  return { plan, parts: planParts(plan, model, options, new Set(beside)) };
}

function tablesOf({ embeddings }: Model): string[] {
  return embeddings.tables.map(({ name }) => name);
}

/** Trains with all tables in the memory, with one beside it, and with all beside it. */
async function expectSameBytes(model: Model, changed: Partial<EngineOptions>, batches: readonly Batch[]) {
  const options = { ...OPTIONS, ...changed };
  const all = tablesOf(model);
  const results = [];
  for (const beside of [[], all.slice(0, 1), all]) {
    const engine = await createOrtEngine(model, options, planBeside(model, options, beside));
    engine.load(someWeights(model));
    const losses = await train(engine, batches);
    results.push({ losses, weights: engine.weights(), arrays: bytesOf(engine) });
    await engine.release();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
}

async function train(engine: TrainingEngine, batches: readonly Batch[]) {
  const losses = [];
  for (const batch of batches) losses.push(await engine.train(batch));
  return losses;
}

function bytesOf(engine: TrainingEngine): Map<string, Uint8Array> {
  return new Map(engine.state().arrays.map(([name, bytes]) => [name, bytes.slice()]));
}

const LARGER_ROWS = 1000;

/** A model of which a batch touches some hundred rows of a table. */
const LARGER = modelOf(
  stageGraph(chainOfThree),
  { type: 'esmm', hiddenUnits: [8], fields: 'concatenate' },
  [
    { kind: 'id', name: 'item', entity: 'item', table: 'item' },
    { kind: 'bag', name: 'seen', entity: 'user', table: 'item', length: 3, combiner: 'mean' },
  ],
  [{ name: 'item', rows: LARGER_ROWS, dimension: 5 }],
);

function largerBatch(step: number): Batch {
  const rows = OPTIONS.batchSize;
  const ids = (length: number, factor: number) =>
    Int32Array.from({ length }, (_, i) => (factor * i + 11 * step) % LARGER_ROWS);
  const labels = (every: number) => Float32Array.from({ length: rows }, (_, i) => Number(i % every === 0));
  return {
    rows,
    ids: { item: ids(rows, 7), seen: ids(3 * rows, 13) },
    coefficients: { seen: Float32Array.from({ length: 3 * rows }, (_, i) => (i % 4) / 4) },
    numbers: {},
    labels: { click: labels(3), conversion: labels(9) },
    weights: { click: new Float32Array(rows).fill(1 / rows), conversion: new Float32Array(rows).fill(1 / rows) },
  };
}
