/**
 * Measures a training step on batches in memory, of the paper's shape: 20 fields of 50,000 ids and 18 dimensions, towers
 * of 200 and 80 units. No file is read, so that what is timed is the engine alone.
 *
 *     npx tsx bench/step.ts [--threads 1,2,4,8,16] [--batch 4096] [--steps 200] [--dropout 0]
 *                       [--rows-of-user 20]
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createEngine } from '../lib/engine/create-engine.ts';
import type { Batch } from '../lib/engine/engine.ts';
import { type Model, modelOf } from '../lib/model/model.ts';
import { stageGraph } from '../lib/model/stage-graph.ts';
import { randomStream } from '../lib/numbers/random.ts';
import { count } from '../lib/numbers/text.ts';
import type { InputSpec, TableSpec } from '../lib/table/encoded.ts';
import { initialWeights } from '../lib/training/weights/initial-weights.ts';
import { FIELDS, IDS, syntheticDeclaration } from './synthetic.ts';

const WARM_UP_STEPS = 10;
const BATCHES = 20;

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '4096' },
    steps: { type: 'string', default: '200' },
    dropout: { type: 'string', default: '0' },
    'rows-of-user': { type: 'string', default: '1' },
  },
});
const [batchSize, steps, dropout] = [Number(values.batch), Number(values.steps), Number(values.dropout)];
/** Rows that share the fields of a user; with 1, no row shares any. */
const rowsOfUser = Number(values['rows-of-user']);
const model = paperModel();
const batches = Array.from({ length: BATCHES }, (_, index) => zipfBatch(index));
console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, node ${process.versions.node}`);
for (const threads of values.threads.split(',').map(Number)) await benchSteps(threads);

async function benchSteps(threads: number): Promise<void> {
  const engine = await createEngine(model, {
    batchSize,
    threads,
    optimizer: { type: 'adam', learningRate: 0.001 },
    l2Embeddings: 0,
    dropout,
    seed: 1,
    sharedEntity: rowsOfUser > 1 ? 'user' : undefined,
  });
  engine.load(initialWeights(model, { click: 0.04, conversion: 0.001 }, 1));
  const times: number[] = [];
  let before = process.cpuUsage();
  for (let step = 0; step < WARM_UP_STEPS + steps; step++) {
    if (step === WARM_UP_STEPS) before = process.cpuUsage();
    const started = performance.now();
    await engine.train(batches[step % BATCHES] as Batch);
    if (step >= WARM_UP_STEPS) times.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(before);
  await engine.release();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * times.length)] as number;
  console.log(
    `${threads} threads: step of ${count(batchSize)} rows ${at(0.5).toFixed(1)} ms (fastest ${at(0).toFixed(1)}, a tenth above ${at(0.9).toFixed(1)}), ` +
      `${count((batchSize / at(0.5)) * 1000)} rows/s, ${((user + system) / 1000 / steps).toFixed(1)} ms of CPU a step`,
  );
}

function paperModel(): Model {
  const inputs = Array.from({ length: FIELDS }, (_, field): InputSpec => {
    return { kind: 'id', name: `f${field}`, entity: field < FIELDS / 2 ? 'user' : 'item', table: `f${field}` };
  });
  const tables = inputs.map(({ name }): TableSpec => ({ name, dimension: 18, rows: IDS / FIELDS }));
  const declaration = syntheticDeclaration();
  return modelOf(stageGraph(declaration), declaration.model, inputs, tables);
}

/** Rows whose ids are as frequent as the inverse of their rank, and labels of which some 4% and 1% are 1. */
function zipfBatch(index: number): Batch {
  const [rows, users] = [batchSize, Math.ceil(batchSize / rowsOfUser)];
  const stream = (name: string) => randomStream(1, `${name}/${index}`);
  const ids = model.layout.fields.map(({ input }) => {
    const random = stream(input.name);
    const permuted = 7919;
    return [
      input.name,
      Int32Array.from({ length: input.entity === 'user' ? users : rows }, (_, row) => {
        const rank = Math.floor((IDS / FIELDS) ** random.uniform(row)) - 1;
        return (rank * permuted) % (IDS / FIELDS);
      }),
    ];
  });
  const labels = (name: string, rate: number) => {
    const random = stream(name);
    return Float32Array.from({ length: rows }, (_, row) => Number(random.uniform(row) < rate));
  };
  const sharedRows = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / rowsOfUser));
  return {
    rows,
    ...(rowsOfUser > 1 && { shared: { entity: 'user', distinct: users, rows: sharedRows } }),
    ids: Object.fromEntries(ids),
    coefficients: {},
    numbers: {},
    labels: { click: labels('click', 0.04), conversion: labels('conversion', 0.01) },
    weights: { click: new Float32Array(rows).fill(1 / rows), conversion: new Float32Array(rows).fill(1 / rows) },
  };
}
