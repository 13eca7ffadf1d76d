/** Tests of steps on batches whose rows share the rows of the user. */
import { describe, expect, it } from 'vitest';
import type { Batch, CreateEngine, EngineOptions } from '../../lib/engine/engine.ts';
import type { Model } from '../../lib/model/model.ts';
import { expectClose, expectLosses } from './expect-close.ts';
import { smallBatch, someWeights } from './small-batch.ts';
import { byThreads, inputsOf, smallModel, type Variants } from './small-model.ts';

/** The users of the rows of a batch: some have one row, some many. */
const ROWS_OF_USERS = [3, 1, 9, 2, 2, 20, 5, 1, 1, 4];
const STEPS = 3;

/** Defines the tests of variants of the small model. */
export function describeVariantsOnSharedRows(
  name: string,
  createEngine: CreateEngine,
  options: EngineOptions,
  variants: Variants,
): void {
  describe(`${name}, on rows that share users`, () => {
    it.each(byThreads(variants))(
      'trains as on the same rows without sharing: $name, $threads threads',
      async ({ model, threads }) => {
        const shared = await createEngine(model, { ...options, l2Embeddings: 0.3, threads, sharedEntity: 'user' });
        const plain = await createEngine(model, { ...options, l2Embeddings: 0.3, threads });
        for (const engine of [shared, plain]) engine.load(someWeights(model));
        for (let step = 0; step < STEPS; step++) {
          const batches = batchesOf(model, step);
          expectLosses(await shared.train(batches.shared), await plain.train(batches.plain));
        }
        const [got, expected] = [shared.weights(), plain.weights()];
        for (const [table, values] of Object.entries(expected.tables))
          expectClose(got.tables[table] as Float32Array, values, 2e-4, table);
        for (const [parameter, values] of Object.entries(expected.parameters))
          expectClose(got.parameters[parameter] as Float32Array, values, 2e-4, parameter);
        expect(shared.touched).toEqual(plain.touched);
        await shared.release();
        await plain.release();
      },
    );
  });
}

/** Defines the tests of batches of either kind. */
export function describeSharedRows(name: string, createEngine: CreateEngine, options: EngineOptions): void {
  describe(`${name}, on rows that share users`, () => {
    it('takes batches of either kind in turn, and the losses of both', async () => {
      const model = smallModel();
      const engine = await createEngine(model, { ...options, threads: 2, sharedEntity: 'user' });
      engine.load(someWeights(model));
      const { shared, plain } = batchesOf(model, 0);
      expectLosses((await engine.evaluate(plain)).losses, await engine.train(shared));
      expectLosses((await engine.evaluate(plain)).losses, await engine.train(plain));
      await expect(engine.evaluate(shared)).rejects.toThrow('batch: got shared rows, expected all inputs of each row');
      await engine.release();
    });

    it('refuses shared rows if it was created without an entity that may share them', async () => {
      const model = smallModel();
      const engine = await createEngine(model, options);
      await expect(engine.train(batchesOf(model, 0).shared)).rejects.toThrow(
        'batch: got shared rows, expected none without a shared entity',
      );
      await engine.release();
    });
  });
}

/** A batch whose users are given once, and the same with every user repeated for each row. */
export function batchesOf(model: Model, step: number): { readonly shared: Batch; readonly plain: Batch } {
  const sharedRows = Int32Array.from(ROWS_OF_USERS.flatMap((rows, user) => new Array<number>(rows).fill(user)));
  const rows = sharedRows.length;
  const userInputs = inputsOf(model)
    .filter(({ entity }) => entity === 'user')
    .map(({ name }) => name);
  const [all, users] = [smallBatch(model, rows, 100 * step), smallBatch(model, ROWS_OF_USERS.length, 7 * step)];
  const columnsOf = <T extends Int32Array | Float32Array>(
    columns: Readonly<Record<string, T>>,
    ofUsers: Readonly<Record<string, T>>,
    of: (values: T) => T,
  ) =>
    Object.fromEntries(
      Object.entries(columns).map(([input, values]) => [
        input,
        userInputs.includes(input) ? of(ofUsers[input] as T) : values,
      ]),
    );
  const repeated = <T extends Int32Array | Float32Array>(values: T): T => {
    const length = values.length / users.rows;
    return values.constructor === Int32Array
      ? (Int32Array.from({ length: rows * length }, (_, i) => valueAt(values, i, length)) as T)
      : (Float32Array.from({ length: rows * length }, (_, i) => valueAt(values, i, length)) as T);
  };
  const valueAt = (values: Int32Array | Float32Array, i: number, length: number) =>
    values[(sharedRows[Math.floor(i / length)] as number) * length + (i % length)] as number;
  const batch = (of: <T extends Int32Array | Float32Array>(values: T) => T): Batch => ({
    ...all,
    ids: columnsOf(all.ids, users.ids, of),
    coefficients: columnsOf(all.coefficients, users.coefficients, of),
    numbers: columnsOf(all.numbers, users.numbers, of),
  });
  return {
    shared: { ...batch((values) => values), shared: { entity: 'user', distinct: users.rows, rows: sharedRows } },
    plain: batch(repeated),
  };
}
