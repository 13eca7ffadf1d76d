import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ENGINES, type EngineName } from '../lib/config/engines.ts';
import { readDeclaration } from '../lib/config/parse-declaration.ts';
import { createEngine } from '../lib/engine/create-engine.ts';
import type { Batch, TrainingEngine } from '../lib/engine/engine.ts';
import { count } from '../lib/numbers/text.ts';
import { train } from '../lib/training/train.ts';
import { initialWeights } from '../lib/training/weights/initial-weights.ts';
import { paperModel, zipfBatch } from './paper-batches.ts';

const ROWS = 4096;
const COMPARED_STEPS = 20;
/** Steps of one engine before the other has its turn, and turns of each. */
const [TIMED_STEPS, TURNS] = [20, 5];
const DEMO = 'examples/hillstrom/entirespace.yaml';
const DEMO_DATA = 'examples/hillstrom/hillstrom.parquet';
const SEEDS = [1, 2, 3, 4, 5];

/** Compares both training engines. `scripts/setup-tfjs-node.sh` installs the second one. */
export async function benchEngines(threads: number, scratch: string): Promise<void> {
  await compareSteps(threads);
  await compareTrainings(threads, scratch);
}

/**
 * Trains the model of the paper's shape with both engines: prints the losses of the first steps side by side, and then,
 * in turns, the time of a step.
 */
async function compareSteps(threads: number): Promise<void> {
  const model = paperModel();
  const batches = Array.from({ length: COMPARED_STEPS }, (_, index) =>
    zipfBatch(model, index, { rows: ROWS, rowsOfUser: 1 }),
  );
  const open = async (name: EngineName) => {
    const optimizer = { type: 'adam', learningRate: 0.001 } as const;
    const engine = await createEngine(name, model, {
      batchSize: ROWS,
      threads,
      optimizer,
      l2Embeddings: 0,
      dropout: 0,
      seed: 1,
    });
    engine.load(await initialWeights(model, { click: 0.04, conversion: 0.001 }, 1));
    return { name, engine, times: [] as number[] };
  };
  const engines = [];
  for (const name of ENGINES) engines.push(await open(name));
  console.log(`step  ${engines.map(({ name }) => name.padStart(24)).join('')}  click, conversion`);
  for (const [step, batch] of batches.entries()) {
    const losses = [];
    for (const { engine } of engines) losses.push(await engine.train(batch));
    const texts = losses.map(({ click, conversion }) => `${click?.toFixed(8)} ${conversion?.toFixed(9)}`.padStart(24));
    console.log(`${String(step + 1).padStart(4)}  ${texts.join('')}`);
  }
  for (let turn = 0; turn < TURNS; turn++)
    for (const { engine, times } of engines) times.push(...(await timesOf(engine, batches)));
  for (const { name, engine, times } of engines) {
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(share * times.length)] as number).toFixed(1);
    console.log(
      `${name}, ${threads} threads: step of ${count(ROWS)} rows ${at(0.5)} ms (fastest ${at(0)}, a tenth above ${at(0.9)})`,
    );
    await engine.release();
  }
}

async function timesOf(engine: TrainingEngine, batches: readonly Batch[]): Promise<number[]> {
  const times: number[] = [];
  for (let step = 0; step < TIMED_STEPS; step++) {
    const started = performance.now();
    await engine.train(batches[step % batches.length] as Batch);
    times.push(performance.now() - started);
  }
  return times;
}

/** Trains the demo with both engines, for several seeds, and prints the AUC on the test rows. */
async function compareTrainings(threads: number, scratch: string): Promise<void> {
  const { declaration, text } = await readDeclaration(DEMO);
  for (const engine of ENGINES)
    for (const seed of SEEDS) {
      const trained = await train({
        declaration: { ...declaration, training: { ...declaration.training, engine, seed } },
        declarationText: text,
        dataPath: DEMO_DATA,
        scratch: await mkdtemp(join(scratch, 'demo-')),
        threads,
        memoryLimitMiB: 1024,
      });
      const aucs = trained.metrics.tasks.map(({ auc }) => auc.value?.toFixed(6));
      console.log(`demo by ${engine}, seed ${seed}: AUC ${aucs.join(', ')}; ${trained.seconds.toFixed(1)} s`);
    }
}
