/** The tests of an engine's threads: results that do not depend on which is faster, and errors that end them all. */
import { describe, expect, it } from 'vitest';
import type { Batch, CreateEngine, EngineOptions, TrainingEngine } from '../../lib/engine/engine.ts';
import type { Model } from '../../lib/model/model.ts';
import { expectClose, expectLosses } from './expect-close.ts';
import { smallBatch, someWeights } from './small-batch.ts';
import { type SmallVariant, smallModel } from './small-model.ts';

/** Defines tests of variants of the small model that are trained on several threads. */
export function describeVariantsOnThreads(
  name: string,
  createEngine: CreateEngine,
  defaults: EngineOptions,
  variants: readonly SmallVariant[],
): void {
  const engineOf = loadedEngines(createEngine, defaults);
  describe(`${name}, on several threads`, () => {
    it.each(variants)('computes what one thread computes, but for rounding: $name', async ({ model }) => {
      const options = { dropout: 0.3, l2Embeddings: 0.01, optimizer: { type: 'sgd', learningRate: 0.5 } } as const;
      const [one, three] = [
        await engineOf(model, { ...options, threads: 1 }),
        await engineOf(model, { ...options, threads: 3 }),
      ];
      // Batches with less rows than there are threads, too.
      for (const [index, rows] of [200, 1, 2, 3, 64].entries()) {
        const batch = smallBatch(model, rows, 10 * index);
        expectLosses((await three.evaluate(batch)).losses, (await one.evaluate(batch)).losses, 1e-4);
        expectLosses(await three.train(batch), await one.train(batch), 1e-4);
      }
      const [got, expected] = [three.weights(), one.weights()];
      for (const kind of ['parameters', 'tables'] as const)
        for (const [array, values] of Object.entries(expected[kind]))
          expectClose(got[kind][array] as Float32Array, values, 1e-4, array);
      expect(three.touched).toEqual(one.touched);
      await one.release();
      await three.release();
    });
  });
}

/** Defines tests of an engine that trains on several threads. */
export function describeThreads(name: string, createEngine: CreateEngine, defaults: EngineOptions): void {
  const engineOf = loadedEngines(createEngine, defaults);
  describe(`${name}, on several threads`, () => {
    it('gives the same bytes each time, and to an engine that continues from its state', async () => {
      const model = smallModel();
      const options = { threads: 2, dropout: 0.2 };
      const train = async (engine: TrainingEngine, steps: readonly number[]) => {
        for (const step of steps) await engine.train(smallBatch(model, 300, step * 10));
      };
      const [first, second] = [await engineOf(model, options), await engineOf(model, options)];
      await train(first, [1, 2, 3, 4]);
      const kept = bytesOf(first);
      await train(first, [5, 6]);
      await train(second, [1, 2, 3, 4, 5, 6]);
      expect(bytesOf(second)).toEqual(bytesOf(first));
      await second.release();

      const third = await createEngine(model, { ...defaults, ...options });
      await third.restore(4, async (array, into) => into.set(kept.get(array) as Uint8Array));
      await train(third, [5, 6]);
      expect(bytesOf(third)).toEqual(bytesOf(first));
      await first.release();
      await third.release();
    });

    it('rejects where one thread fails while the others wait for it, and afterwards', async () => {
      const engine = await engineOf(smallModel(), { threads: 3 });
      const batch = smallBatch(engine.model, 9);
      const broken: Batch = {
        ...batch,
        ids: { ...batch.ids, city: Int32Array.of(1, 1, 1, 1, 2 ** 30 - 1, 1, 1, 1, 1) },
      };
      await expect(engine.train(broken)).rejects.toThrow('memory access out of bounds');
      await expect(engine.train(batch)).rejects.toThrow('memory access out of bounds');
      await expect(engine.evaluate(batch)).rejects.toThrow('memory access out of bounds');
      await engine.release();
    });

    it('fails to train once it is released', async () => {
      const engine = await engineOf(smallModel(), { threads: 2 });
      await engine.release();
      await expect(engine.train(smallBatch(engine.model, 4))).rejects.toThrow(
        'the engine was released before this step',
      );
    });
  });
}

function loadedEngines(createEngine: CreateEngine, defaults: EngineOptions) {
  return async (model: Model, options: Partial<EngineOptions>): Promise<TrainingEngine> => {
    const engine = await createEngine(model, { ...defaults, ...options });
    engine.load(someWeights(model));
    return engine;
  };
}

function bytesOf(engine: TrainingEngine): Map<string, Uint8Array> {
  return new Map(engine.state().arrays.map(([name, bytes]) => [name, bytes.slice()]));
}
