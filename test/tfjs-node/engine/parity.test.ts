/** Twenty steps of every model by both engines. What onnxruntime runs is traced; tfjs-node runs what was traced. */
import { describe, expect, it } from 'vitest';
import type { ModelChoice } from '../../../lib/config/declaration.ts';
import type { Batch, CreateEngine, EngineOptions, TrainingEngine } from '../../../lib/engine/engine.ts';
import { createOrtEngine } from '../../../lib/engine/ort/engine.ts';
import { createTfjsNodeEngine } from '../../../lib/engine/tfjs-node/engine.ts';
import type { Model } from '../../../lib/model/model.ts';
import { MODELS } from '../../../lib/model/models/index.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { batchesOf } from '../../engine/shared-rows.ts';
import { smallBatch, someWeights } from '../../engine/small-batch.ts';
import { ATTENTION, DIN, inputsWith, LSTM, smallModel, TARGET_LSTM, withVector } from '../../engine/small-model.ts';
import { delayedChain } from '../../model/funnels.ts';

const STEPS = 20;
const TOLERANCE = 1e-5;
const OPTIONS: EngineOptions = {
  batchSize: 512,
  threads: 1,
  optimizer: { type: 'adam', learningRate: 0.01 },
  schedule: { warmupSteps: 5, decay: 'linear', totalSteps: 40 },
  l2Embeddings: 1e-4,
  dropout: 0,
  seed: 3,
};

interface Case {
  readonly name: string;
  readonly model: Model;
}

const FIELDS = ['concatenate', 'sum_by_entity'] as const;
const TYPES: readonly Case[] = (Object.keys(MODELS) as ModelChoice['type'][]).flatMap((type) =>
  FIELDS.map((fields) => ({
    name: `${type} with fields ${fields}`,
    model: smallModel(fields, stageGraph(delayedChain), type),
  })),
);
const SEQUENCES: readonly Case[] = Object.entries({ ATTENTION, DIN, LSTM, TARGET_LSTM }).map(([name, pooling]) => ({
  name: `esmm with a sequence pooled by ${name}`,
  model: smallModel('concatenate', stageGraph(delayedChain), 'esmm', inputsWith(pooling)),
}));

const VECTOR: Case = {
  name: 'esmm with a vector',
  model: smallModel('concatenate', stageGraph(delayedChain), 'esmm', withVector()),
};

describe.each([...TYPES, ...SEQUENCES, VECTOR])('twenty steps of $name by both engines', ({ model }) => {
  const plain = (step: number) => smallBatch(model, 400 + step, 100 * step);

  it.each([
    { what: 'as it is', options: {}, batch: plain },
    { what: 'with dropout', options: { dropout: 0.3 }, batch: plain },
    {
      what: 'with users whose rows share a batch',
      options: { dropout: 0.1, sharedEntity: 'user' as const },
      batch: (step: number) => batchesOf(model, step)[step % 3 === 2 ? 'plain' : 'shared'],
    },
  ])('have the same losses: $what', async ({ options, batch }) => {
    const [got, expected] = await Promise.all(
      [createTfjsNodeEngine, createOrtEngine].map((create) => train(create, model, { ...OPTIONS, ...options }, batch)),
    );
    expect(farthest(got as Losses[], expected as Losses[])).toBeLessThanOrEqual(TOLERANCE);
  });
});

type Losses = Readonly<Record<string, number>>;

async function train(
  create: CreateEngine,
  model: Model,
  options: EngineOptions,
  batch: (step: number) => Batch,
): Promise<Losses[]> {
  const engine: TrainingEngine = await create(model, options);
  engine.load(someWeights(model));
  const losses: Losses[] = [];
  for (let step = 0; step < STEPS; step++) losses.push(await engine.train(batch(step)));
  await engine.release();
  return losses;
}

/** Returns the largest difference of two losses, relative to the loss. A loss may be 0, such as that of AITM's order. */
function farthest(got: readonly Losses[], expected: readonly Losses[]): number {
  expect(got.map((losses) => Object.keys(losses))).toEqual(expected.map((losses) => Object.keys(losses)));
  const differences = expected.flatMap((losses, step) =>
    Object.entries(losses).map(([name, loss]) => {
      const difference = Math.abs((got[step]?.[name] as number) - loss);
      return difference === 0 ? 0 : difference / Math.abs(loss);
    }),
  );
  return Math.max(...differences);
}
