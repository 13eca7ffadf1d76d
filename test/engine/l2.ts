/** Tests of the L2 penalty on embeddings, whose strength depends on neither batch size, threads nor frequency of an id. */
import { describe, expect, it } from 'vitest';
import type { CreateEngine, EngineOptions, Weights } from '../../lib/engine/engine.ts';
import type { Model } from '../../lib/model/model.ts';
import { expectClose } from './expect-close.ts';
import { occurrencesOf, smallBatch, someWeights } from './small-batch.ts';
import { byThreads, smallModel, type Variants } from './small-model.ts';

const L2 = 0.5;
/** With a rate of 1, a step of gradient descent is the gradient. */
const RATE = 1;

/** Defines the tests of variants of the small model. */
export function describeL2OfVariants(
  name: string,
  createEngine: CreateEngine,
  defaults: EngineOptions,
  variants: Variants,
): void {
  const penaltiesOf = penaltiesWith(createEngine, defaults);
  describe(`${name}, the L2 penalty on embeddings`, () => {
    it.each(byThreads(variants))(
      'is l2 times the share of the batch that reads an embedding, for ids of any frequency: $name, $threads threads',
      async ({ model, threads }) => {
        const batches = [1, 7, 64, 512];
        const penalties = await penaltiesOf(model, batches, { l2Embeddings: L2, threads });
        for (const [i, rows] of batches.entries())
          for (const [table, values] of Object.entries(expectedOf(model, rows, () => L2)))
            expectClose(penalties[i]?.[table] as Float32Array, values, 1e-4, `${table} in ${rows} rows`);
      },
    );
  });
}

/** Defines the test of a table of its own. */
export function describeL2(name: string, createEngine: CreateEngine, defaults: EngineOptions): void {
  const penaltiesOf = penaltiesWith(createEngine, defaults);
  describe(`${name}, the L2 penalty on embeddings`, () => {
    it('of a table may differ from that of the others', async () => {
      const model = smallModel();
      const penalties = await penaltiesOf(model, [64], { l2Embeddings: L2, l2Tables: { city: 0.1, age: 0 } });
      const got = penalties[0] as Weights['tables'];
      const own: Readonly<Record<string, number>> = { city: 0.1, age: 0 };
      for (const [table, values] of Object.entries(expectedOf(model, 64, (each) => own[each] ?? L2)))
        expectClose(got[table] as Float32Array, values, 1e-4, table);
      expect(Math.max(...(got.city as Float32Array).map(Math.abs))).toBeGreaterThan(0);
    });
  });
}

/** The gradient of the penalty in a step on each number of rows: the difference that it makes to the weights. */
function penaltiesWith(createEngine: CreateEngine, defaults: EngineOptions) {
  return async (
    model: Model,
    batches: readonly number[],
    options: Partial<EngineOptions>,
  ): Promise<Weights['tables'][]> => {
    const stepsOf = async (of: Partial<EngineOptions>) => {
      const optimizer = { type: 'sgd', learningRate: RATE } as const;
      const engine = await createEngine(model, { ...defaults, optimizer, ...of });
      const steps: Weights['tables'][] = [];
      for (const rows of batches) {
        engine.load(someWeights(model));
        await engine.train(smallBatch(model, rows));
        steps.push(copyOf(engine.weights().tables));
      }
      await engine.release();
      return steps;
    };
    const without = await stepsOf({ ...options, l2Embeddings: 0, l2Tables: {} });
    const penalised = await stepsOf(options);
    return without.map((tables, batch) =>
      Object.fromEntries(
        Object.entries(tables).map(([table, values]) => [
          table,
          values.map((value, i) => value - (penalised[batch]?.[table]?.[i] as number)),
        ]),
      ),
    );
  };
}

/** l2 n/B w for a row that occurs n times in a batch of B rows. */
function expectedOf(model: Model, rows: number, l2Of: (table: string) => number): Weights['tables'] {
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
}

function copyOf(tables: Weights['tables']): Weights['tables'] {
  return Object.fromEntries(Object.entries(tables).map(([table, values]) => [table, values.slice()]));
}
