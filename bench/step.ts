/**
 * Measures a training step on batches in memory, of the paper's shape: 20 fields of 50,000 ids and 18 dimensions, towers
 * of 200 and 80 units. No file is read, so that what is timed is the engine alone.
 *
 *     npx tsx bench/step.ts [--threads 1,2,4,8,16] [--batch 4096] [--steps 200] [--dropout 0]
 *                       [--rows-of-user 20] [--sequence mean|attention|lstm|target-lstm] [--model '{ "experts": { "shared": 4, "own": 0, "units": [64], "levels": 1 } }']
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { ModelChoice } from '../lib/config/declaration.ts';
import { createEngine } from '../lib/engine/create-engine.ts';
import type { Batch } from '../lib/engine/engine.ts';
import { count } from '../lib/numbers/text.ts';
import { initialWeights } from '../lib/training/weights/initial-weights.ts';
import { paperModel, SEQUENCES, zipfBatch } from './paper-batches.ts';

const WARM_UP_STEPS = 10;
const BATCHES = 20;

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '4096' },
    steps: { type: 'string', default: '200' },
    dropout: { type: 'string', default: '0' },
    'rows-of-user': { type: 'string', default: '1' },
    sequence: { type: 'string', default: 'none' },
    model: { type: 'string', default: '{}' },
  },
});
const [batchSize, steps, dropout] = [Number(values.batch), Number(values.steps), Number(values.dropout)];
/** Rows that share the fields of a user; with 1, no row shares any. */
const rowsOfUser = Number(values['rows-of-user']);
const model = paperModel(JSON.parse(values.model) as Partial<ModelChoice>, SEQUENCES[values.sequence] ?? null);
const batches = Array.from({ length: BATCHES }, (_, index) => zipfBatch(model, index, { rows: batchSize, rowsOfUser }));
console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, node ${process.versions.node}`);
for (const threads of values.threads.split(',').map(Number)) await benchSteps(threads);

async function benchSteps(threads: number): Promise<void> {
  const engine = await createEngine('onnxruntime', model, {
    batchSize,
    threads,
    optimizer: { type: 'adam', learningRate: 0.001 },
    l2Embeddings: 0,
    dropout,
    seed: 1,
    sharedEntity: rowsOfUser > 1 ? 'user' : undefined,
  });
  engine.load(await initialWeights(model, { click: 0.04, conversion: 0.001 }, 1));
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
