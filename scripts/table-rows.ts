/**
 * Prints how many embedding rows fit the memory of the kernels, by optimizer. For each number, the memory is allocated
 * and a step is made on a batch that ends with the last row; and so for a table of one row more, which is beside it.
 *
 *     tsx scripts/table-rows.ts [dimension, 18 if left out]
 */
import { createEngine } from '../lib/engine/create-engine.ts';
import type { Batch, EngineOptions } from '../lib/engine/engine.ts';
import { planParts } from '../lib/engine/memory/memory-parts.ts';
import { MAX_BYTES, MemoryPlan } from '../lib/engine/memory/memory-plan.ts';
import type { OptimizerChoice } from '../lib/engine/optimizers.ts';
import { type Model, modelOf } from '../lib/model/model.ts';
import { stageGraph } from '../lib/model/stage-graph.ts';
import { count } from '../lib/numbers/text.ts';

const BATCH_ROWS = 4096;
const OPTIMIZERS: readonly OptimizerChoice[] = [
  { type: 'adam', learningRate: 0.001 },
  { type: 'adagrad', learningRate: 0.001 },
  { type: 'rowwise_adagrad', learningRate: 0.001 },
  { type: 'sgd', learningRate: 0.001, momentum: 0.9 },
  { type: 'sgd', learningRate: 0.001 },
];

const [argument = '18'] = process.argv.slice(2);
const dimension = Number(argument);
if (!Number.isInteger(dimension) || dimension < 1)
  throw new RangeError(`dimension must be a whole number above 0, got ${argument}`);

console.log('| optimizer | rows | bytes a row |\n|---|---:|---:|');
for (const optimizer of OPTIMIZERS) {
  const options = { batchSize: BATCH_ROWS, threads: 1, optimizer, l2Embeddings: 0, dropout: 0, seed: 1 };
  const rows = mostRows(options);
  await trainLastRow(rows, options);
  await trainLastRow(rows + 1, options);
  const name = optimizer.momentum === undefined ? optimizer.type : `${optimizer.type}, momentum`;
  console.log(`| ${name} | ${count(rows)} | ${(MAX_BYTES / rows).toFixed(0)} |`);
}

function modelWith(rows: number): Model {
  const graph = stageGraph({
    root: 'impression',
    roles: null,
    stages: [
      {
        name: 'click',
        from: ['impression'],
        label: 'click',
        weight: 1,
        complementOf: null,
        exclusive: null,
        at: null,
        withinMs: null,
        inconsistent: 'reject',
        maxInconsistent: 0,
      },
    ],
  });
  return modelOf(
    graph,
    { type: 'esmm', hiddenUnits: [200, 80], fields: 'concatenate' },
    [{ kind: 'id', name: 'item', entity: 'item', table: 'item' }],
    [{ name: 'item', rows, dimension }],
  );
}

/** Finds the greatest number of rows whose plan fits, by bisection. */
function mostRows(options: EngineOptions): number {
  let [fitting, refused] = [1, MAX_BYTES / 4];
  while (refused - fitting > 1) {
    const rows = Math.floor((fitting + refused) / 2);
    const plan = new MemoryPlan();
    planParts(plan, modelWith(rows), options);
    if (plan.bytes <= MAX_BYTES) fitting = rows;
    else refused = rows;
  }
  return fitting;
}

/** Makes a step on the last rows of a table, and checks that it updates the very last one. */
async function trainLastRow(rows: number, options: EngineOptions): Promise<void> {
  const engine = await createEngine('onnxruntime', modelWith(rows), options);
  const batch: Batch = {
    rows: BATCH_ROWS,
    ids: { item: Int32Array.from({ length: BATCH_ROWS }, (_, i) => rows - BATCH_ROWS + i) },
    coefficients: {},
    numbers: {},
    labels: { click: Float32Array.from({ length: BATCH_ROWS }, (_, i) => i % 2) },
    weights: { click: new Float32Array(BATCH_ROWS).fill(1 / BATCH_ROWS) },
  };
  const { click = Number.NaN } = await engine.train(batch);
  if (Math.abs(click - Math.LN2) > 1e-5) throw new Error(`loss of even odds: got ${click}, expected ${Math.LN2}`);
  if (engine.touched.item?.[rows - 1] !== 1) throw new Error(`row ${rows - 1} was not updated`);
  await engine.release();
}
