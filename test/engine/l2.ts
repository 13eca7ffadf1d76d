/** Tests of the L2 penalty on embeddings, whose strength depends on neither batch size, threads nor frequency of an id. */
import { describe, expect, it } from 'vitest';
import type { CreateEngine, EngineOptions, Weights } from '../../lib/engine/engine.ts';
import type { Model } from '../../lib/model/model.ts';
import { expectClose } from './expect-close.ts';
import { occurrencesOf, smallBatch, someWeights } from './small-batch.ts';
import { MODELS, smallModel } from './small-model.ts';

const L2 = 0.5;
/** With a rate of 1, a step of gradient descent is the gradient. */
const RATE = 1;

/** Defines the tests. */
export function describeL2(name: string, createEngine: CreateEngine, defaults: EngineOptions): void {
  /** The gradient of the penalty in a step: the difference that it makes to the weights. */
  const penaltyOf = async (model: Model, rows: number, options: Partial<EngineOptions>): Promise<Weights['tables']> => {
    const stepOf = async (of: Partial<EngineOptions>) => {
      const optimizer = { type: 'sgd', learningRate: RATE } as const;
      const engine = await createEngine(model, { ...defaults, optimizer, ...of });
      engine.load(someWeights(model));
      await engine.train(smallBatch(model, rows));
      const { tables } = engine.weights();
      await engine.release();
      return tables;
    };
    const [without, penalised] = [await stepOf({ ...options, l2Embeddings: 0, l2Tables: {} }), await stepOf(options)];
    return Object.fromEntries(
      Object.entries(without).map(([table, values]) => [
        table,
        values.map((value, i) => value - (penalised[table]?.[i] as number)),
      ]),
    );
  };
  /** l2 n/B w for a row that occurs n times in a batch of B rows. */
  const expectedOf = (model: Model, rows: number, l2Of: (table: string) => number): Weights['tables'] => {
    const counts = occurrencesOf(model, smallBatch(model, rows));
    const { tables } = someWeights(model);
    return Object.fromEntries(
      model.embeddings.tables.map(({ name: table, dimension }) => [
        table,
        (tables[table] as Float32Array).map((weight, i) => {
          const count = counts[table]?.get(Math.floor(i / dimension)) ?? 0;
          return (l2Of(table) * count * weight) / rows;
        }),
      ]),
    );
  };

  describe(`${name}, the L2 penalty on embeddings`, () => {
    it.each(MODELS.flatMap(({ name: of, model }) => [1, 3].map((threads) => ({ of, model, threads }))))(
      'is l2 times the share of the batch that reads an embedding, for ids of any frequency: $of, $threads threads',
      async ({ model, threads }) => {
        for (const rows of [1, 7, 64, 512]) {
          const got = await penaltyOf(model, rows, { l2Embeddings: L2, threads });
          for (const [table, values] of Object.entries(expectedOf(model, rows, () => L2)))
            expectClose(got[table] as Float32Array, values, 1e-4, `${table} in ${rows} rows`);
        }
      },
    );

    it('of a table may differ from that of the others', async () => {
      const model = smallModel();
      const got = await penaltyOf(model, 64, { l2Embeddings: L2, l2Tables: { city: 0.1, age: 0 } });
      const own: Readonly<Record<string, number>> = { city: 0.1, age: 0 };
      for (const [table, values] of Object.entries(expectedOf(model, 64, (each) => own[each] ?? L2)))
        expectClose(got[table] as Float32Array, values, 1e-4, table);
      expect(Math.max(...(got.city as Float32Array).map(Math.abs))).toBeGreaterThan(0);
    });
  });
}
