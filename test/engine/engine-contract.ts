/** The tests that every training engine must pass. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CreateEngine, EngineOptions, TrainingEngine, Weights } from '../../lib/engine/engine.ts';
import { type LearningRateSchedule, learningRateFactor } from '../../lib/engine/learning-rate.ts';
import type { OptimizerChoice } from '../../lib/engine/optimizers.ts';
import type { Model } from '../../lib/model/model.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { chainOfThree } from '../model/funnels.ts';
import { dropoutMasks } from './dropout-masks.ts';
import { eagerStep } from './eager-step.ts';
import { expectClose, expectLosses } from './expect-close.ts';
import { firstWeights } from './first-weights.ts';
import { describeL2, describeL2OfVariants } from './l2.ts';
import { expectStepsOfPyTorch, IN_PYTORCH } from './models-in-pytorch.ts';
import { PlainOptimizer } from './plain-optimizer.ts';
import { describeSharedRows, describeVariantsOnSharedRows } from './shared-rows.ts';
import { occurrencesOf, RATES, smallBatch, someWeights, trainedRows } from './small-batch.ts';
import { EVERY, smallChunk, smallModel, type Variants } from './small-model.ts';
import { describeStepsOfTfjs } from './steps-of-tfjs.ts';
import { describeThreads, describeVariantsOnThreads } from './threads.ts';

const OPTIONS: EngineOptions = {
  batchSize: 4096,
  threads: 1,
  optimizer: { type: 'adam', learningRate: 0.01 },
  l2Embeddings: 0,
  dropout: 0,
  seed: 3,
};

const OPTIMIZERS: readonly { readonly name: string; readonly optimizer: OptimizerChoice }[] = [
  { name: 'adam', optimizer: { type: 'adam', learningRate: 0.01 } },
  { name: 'adagrad', optimizer: { type: 'adagrad', learningRate: 0.05 } },
  { name: 'row-wise adagrad', optimizer: { type: 'rowwise_adagrad', learningRate: 0.05 } },
  { name: 'sgd', optimizer: { type: 'sgd', learningRate: 0.5 } },
  { name: 'sgd with momentum', optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0.9 } },
];

const SCHEDULE: LearningRateSchedule = { warmupSteps: 2, decay: 'cosine', totalSteps: 8 };

/**
 * Defines the tests of a training engine. The engine's own test file calls it, and adds tests of that engine only.
 * @param variants those of the small model for `describeVariants`
 * @param sizes numbers of rows of the batches for `describeStepsOfTfjs`
 */
export function describeEngineContract(
  name: string,
  createEngine: CreateEngine,
  variants: Variants = EVERY,
  sizes: readonly number[] = [1, 3, 200],
): void {
  describeStepsOfTfjs(name, createEngine, sizes);
  describeVariants(name, createEngine, variants);
  describeThreads(name, createEngine, OPTIONS);
  describeSharedRows(name, createEngine, OPTIONS);
  describeL2(name, createEngine, OPTIONS);

  describe(name, () => {
    beforeAll(async () => {
      await tf.setBackend('cpu');
    });

    const engineOf = async (
      model: Model,
      options: Partial<EngineOptions> = {},
      weights: Weights = someWeights(model),
    ): Promise<TrainingEngine> => {
      const engine = await createEngine(model, { ...OPTIONS, ...options });
      engine.load(weights);
      return engine;
    };

    describe('loss', () => {
      it('returns the cross-entropy of the base rates before any training', async () => {
        const model = smallModel();
        const engine = await engineOf(model, {}, firstWeights(model, RATES, 1));
        const rows = 4096;
        const batch = smallBatch(model, rows);
        const entropy = (rate: number, predicted: number) =>
          -(rate * Math.log(predicted) + (1 - rate) * Math.log(1 - predicted));
        const losses = (await engine.evaluate(batch)).losses;
        for (const stage of ['click', 'conversion'] as const) {
          const labels = batch.labels[stage] as Float32Array;
          const rate = labels.reduce((a, b) => a + b, 0) / rows;
          expect(losses[stage]).toBeGreaterThan(0.9 * entropy(rate, RATES[stage]));
          expect(losses[stage]).toBeLessThan(1.1 * entropy(rate, RATES[stage]));
        }
        await engine.release();
      });

      it('ignores rows of weight 0', async () => {
        const engine = await engineOf(smallModel());
        const longer = smallBatch(engine.model, 8);
        for (const weights of Object.values(longer.weights)) weights.fill(0.2, 0, 5).fill(0, 5);
        expectLosses(
          (await engine.evaluate(longer)).losses,
          (await engine.evaluate(smallBatch(engine.model, 5))).losses,
        );
        await engine.release();
      });

      it('changes no state and drops no unit', async () => {
        const model = smallModel();
        const [engine, without] = [await engineOf(model, { dropout: 0.5 }), await engineOf(model)];
        const before = stateOf(engine);
        const batch = smallBatch(model, 64);
        expect((await engine.evaluate(batch)).losses).toEqual((await without.evaluate(batch)).losses);
        expect(stateOf(engine)).toEqual(before);
        expect(engine.steps).toBe(0);
        await engine.release();
        await without.release();
      });
    });

    describe('train', () => {
      it.each(Object.keys(IN_PYTORCH))(
        'gives the losses, and after three steps the weights, of %s written in PyTorch',
        (model) => expectStepsOfPyTorch(createEngine, model),
      );

      it.each(
        OPTIMIZERS.flatMap((entry) => [
          { ...entry, l2Embeddings: 0, schedule: undefined, type: 'esmm' as const },
          { ...entry, l2Embeddings: 0.3, schedule: SCHEDULE, type: 'base' as const },
        ]),
      )(
        'updates the weights by the formula of the optimizer: $name, l2 $l2Embeddings, $type',
        async ({ optimizer, l2Embeddings, schedule, type }) => {
          const model = smallModel('concatenate', stageGraph(chainOfThree), type);
          const engine = await engineOf(model, { optimizer, l2Embeddings, ...(schedule && { schedule }) });
          const dimensions = Object.fromEntries(model.embeddings.tables.map((table) => [table.name, table.dimension]));
          const plain = new PlainOptimizer(optimizer, l2Embeddings, someWeights(model), dimensions);
          for (let step = 1; step <= 6; step++) {
            // The batches differ in size; a row that is in one of them is left out of some and is in later ones again.
            const [rows, from] = [20 + 3 * (step % 2), 7 * step];
            const batch = smallBatch(model, rows, from);
            const { losses, gradients } = eagerStep(model, plain.weights(), batch, smallChunk(rows, from));
            expectLosses(await engine.train(batch), losses, 1e-4);
            const trained = occurrencesOf(model, batch);
            plain.update(gradients, { rows, trained }, schedule ? learningRateFactor(schedule, step) : 1);
          }
          expectWeights(engine.weights(), plain.weights(), 1e-4);
          await engine.release();
        },
      );

      it('drops the units that the masks of the seed and the step drop', async () => {
        const model = smallModel();
        const engine = await engineOf(model, { dropout: 0.3, optimizer: { type: 'sgd', learningRate: 0.5 } });
        for (let step = 1; step <= 2; step++) {
          const masks = dropoutMasks(model.network.masks, 64, { rate: 0.3, seed: OPTIONS.seed, step });
          const batch = smallBatch(model, 64);
          const { losses } = eagerStep(model, engine.weights(), batch, smallChunk(64), masks);
          expectLosses(await engine.train(batch), losses);
        }
        await engine.release();
      });

      it('counts its steps', async () => {
        const engine = await engineOf(smallModel());
        for (const steps of [1, 2, 3]) {
          await engine.train(smallBatch(engine.model, 4));
          expect(engine.steps).toBe(steps);
        }
        await engine.release();
      });

      it('lowers the losses of a batch that is repeated', async () => {
        const model = smallModel();
        const engine = await engineOf(model, {}, firstWeights(model, RATES, 1));
        const batch = smallBatch(model, 512);
        const before = (await engine.evaluate(batch)).losses;
        for (let i = 0; i < 60; i++) await engine.train(batch);
        const after = (await engine.evaluate(batch)).losses;
        expect(after.click).toBeLessThan(0.7 * (before.click as number));
        expect(after.conversion).toBeLessThan(0.7 * (before.conversion as number));
        await engine.release();
      });

      it('updates only the rows of clicked impressions in tables that only those train', async () => {
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

      it('does not depend on a larger batch before it', async () => {
        const model = smallModel();
        const [used, fresh] = [await engineOf(model), await engineOf(model, { batchSize: 3 })];
        await used.evaluate(smallBatch(model, 4096, 5));
        const batch = smallBatch(model, 3);
        expect(await used.train(batch)).toEqual(await fresh.train(batch));
        expect(used.weights()).toEqual(fresh.weights());
        await used.release();
        await fresh.release();
      });

      it('gives the same weights to the last bit for the same seed, with dropout', async () => {
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

      it('fails on a batch above the batch size, without making a step', async () => {
        const engine = await engineOf(smallModel(), { batchSize: 8 });
        const before = stateOf(engine);
        const refusal = new RangeError('batch: got 9 rows, expected at most 8');
        await expect(engine.train(smallBatch(engine.model, 9))).rejects.toThrow(refusal);
        await expect(engine.evaluate(smallBatch(engine.model, 9))).rejects.toThrow(refusal);
        expect(stateOf(engine)).toEqual(before);
        expect(engine.steps).toBe(0);
        await engine.release();
      });
    });

    describe('weights and load', () => {
      it('return a copy of what was loaded', async () => {
        const weights = someWeights(smallModel());
        const engine = await engineOf(smallModel(), {}, weights);
        const copy = engine.weights();
        expect(copy).toEqual(weights);
        copy.tables.city?.fill(9);
        expect(engine.weights()).toEqual(weights);
        await engine.release();
      });

      it('return zeros before anything is loaded', async () => {
        const engine = await createEngine(smallModel(), OPTIONS);
        const { parameters, tables } = engine.weights();
        for (const values of [...Object.values(parameters), ...Object.values(tables)])
          expect(values.every((value) => value === 0)).toBe(true);
        await engine.release();
      });

      it('set only the weights that are named', async () => {
        const engine = await engineOf(smallModel());
        const before = engine.weights();
        const city = new Float32Array(9 * 6).fill(0.5);
        engine.load({ parameters: {}, tables: { city } });
        expect(engine.weights()).toEqual({ ...before, tables: { ...before.tables, city } });
        await engine.release();
      });

      it('leave the state of the optimizer unchanged', async () => {
        const model = smallModel();
        const engine = await engineOf(model, { optimizer: { type: 'adagrad', learningRate: 0.5 } });
        const batch = smallBatch(model, 16);
        const start = someWeights(model);
        const stepFrom = async () => {
          engine.load(start);
          await engine.train(batch);
          const { parameters } = engine.weights();
          return (parameters['click.2.bias']?.[0] as number) - (start.parameters['click.2.bias']?.[0] as number);
        };
        const [first, second] = [await stepFrom(), await stepFrom()];
        // The gradient is the same both times, so the sum of its squares has doubled.
        expect(second / first).toBeCloseTo(Math.SQRT1_2, 5);
        await engine.release();
      });

      it.each([
        {
          weights: { parameters: { 'click.2.bias': [1, 2] }, tables: {} },
          what: 'click.2.bias: got 2 values, expected 1',
        },
        { weights: { parameters: {}, tables: { city: [1] } }, what: 'city: got 1 values, expected 54' },
        { weights: { parameters: { item: [1] }, tables: {} }, what: 'item: got 1 values, expected 0' },
      ])('fail on unknown names and wrong sizes: $what', async ({ weights: { parameters, tables }, what }) => {
        const engine = await engineOf(smallModel());
        const floats = (values: object): Record<string, Float32Array> =>
          Object.fromEntries(Object.entries(values).map(([key, list]) => [key, Float32Array.from(list)]));
        const weights = { parameters: floats(parameters), tables: floats(tables) };
        expect(() => engine.load(weights)).toThrow(new RangeError(`weights of ${what}`));
        await engine.release();
      });
    });

    describe('state and restore', () => {
      it.each(OPTIMIZERS)('let another engine continue to the same bytes: $name', async ({ optimizer }) => {
        const model = smallModel();
        const options = { optimizer, dropout: 0.2, l2Embeddings: 0.01, schedule: SCHEDULE };
        const train = async (engine: TrainingEngine, steps: readonly number[]) => {
          for (const step of steps) await engine.train(smallBatch(model, 32, step * 10));
        };
        const first = await engineOf(model, options);
        await train(first, [1, 2, 3]);
        const kept = stateOf(first);
        await train(first, [4, 5]);

        const second = await createEngine(model, { ...OPTIONS, ...options });
        await second.restore(3, async (array, into) => into.set(kept.get(array) as Uint8Array));
        expect(second.steps).toBe(3);
        expect(stateOf(second)).toEqual(kept);
        await train(second, [4, 5]);
        expect(stateOf(second)).toEqual(stateOf(first));
        expect(second.weights()).toEqual(first.weights());
        expect(second.touched).toEqual(first.touched);
        await first.release();
        await second.release();
      });

      it('have an array for each parameter and each table, and the flags of each table’s touched rows', async () => {
        const engine = await engineOf(smallModel());
        const { parameters } = engine.model.network;
        expect(engine.state().arrays.map(([array]) => array)).toEqual([
          ...parameters.map((parameter) => `parameter/${parameter.name}`),
          'table/item',
          'table/city',
          'table/age',
          'touched/item',
          'touched/city',
          'touched/age',
        ]);
        await engine.release();
      });
    });

    it('fails to train once it is released', async () => {
      const engine = await engineOf(smallModel());
      await engine.release();
      const refusal = 'the engine was released before this step';
      await expect(engine.train(smallBatch(engine.model, 4))).rejects.toThrow(refusal);
      await expect(engine.evaluate(smallBatch(engine.model, 4))).rejects.toThrow(refusal);
    });
  });
}

/** Defines the tests of variants of the small model: the rows that are updated, threads, shared rows and an L2 penalty. */
export function describeVariants(name: string, createEngine: CreateEngine, variants: Variants): void {
  describe(name, () => {
    it.each(variants.alone)('updates only the rows that its batches train: $name', async ({ model }) => {
      const engine = await createEngine(model, OPTIONS);
      engine.load(someWeights(model));
      const before = engine.weights().tables;
      const batch = smallBatch(model, 3);
      await engine.train(batch);
      await engine.evaluate(smallBatch(model, 64));
      const after = engine.weights().tables;
      const trained = trainedRows(model, batch);
      for (const { name: table, rows, dimension } of model.embeddings.tables) {
        const all = Array.from({ length: rows }, (_, row) => row);
        const changed = all.filter((row) => !isSameRow(before[table], after[table], row, dimension));
        expect(new Set(changed), table).toEqual(trained[table]);
        expect(all.filter((row) => engine.touched[table]?.[row] === 1)).toEqual(changed);
      }
      await engine.release();
    });
  });

  describeVariantsOnThreads(name, createEngine, OPTIONS, variants.onThreads);
  describeVariantsOnSharedRows(name, createEngine, OPTIONS, variants);
  describeL2OfVariants(name, createEngine, OPTIONS, variants);
}

/** Returns a copy of an engine's state. */
function stateOf(engine: TrainingEngine): Map<string, Uint8Array> {
  return new Map(engine.state().arrays.map(([name, bytes]) => [name, bytes.slice()]));
}

function expectWeights(got: Weights, expected: Weights, tolerance: number): void {
  for (const kind of ['parameters', 'tables'] as const) {
    expect(Object.keys(got[kind])).toEqual(Object.keys(expected[kind]));
    for (const [name, values] of Object.entries(expected[kind]))
      expectClose(got[kind][name] as Float32Array, values, tolerance, name);
  }
}

function isSameRow(a: Float32Array | undefined, b: Float32Array | undefined, row: number, dimension: number): boolean {
  return Array.from({ length: dimension }, (_, k) => row * dimension + k).every((i) => a?.[i] === b?.[i]);
}
