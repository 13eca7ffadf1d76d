import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MemoryPlan } from '../../lib/engine/memory/memory-plan.ts';
import { planTable, readWeights, writeWeights } from '../../lib/engine/memory/memory-table.ts';
import { type OptimizerChoice, optimizerOf } from '../../lib/engine/optimizers.ts';
import { Lcg } from './lcg.ts';

const [ROWS, DIMENSION, STEPS, IDS] = [12, 6, 50, 5];
const SLOT_BITS = 4;
const reference = JSON.parse(
  readFileSync(new URL('reference/sparse-optimizers.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, number[] | string>>;

type Case = Omit<OptimizerChoice, 'learningRate'> & { readonly l2?: number };

const SPARSE: Readonly<Record<string, Case>> = {
  sparse_adam: { type: 'adam' },
  sparse_adam_l2: { type: 'adam', l2: 0.1 },
  sparse_adagrad: { type: 'adagrad' },
  sparse_adagrad_l2: { type: 'adagrad', l2: 0.1 },
  sparse_rowwise_adagrad: { type: 'rowwise_adagrad' },
  sparse_rowwise_adagrad_l2: { type: 'rowwise_adagrad', l2: 0.1 },
  sparse_sgd: { type: 'sgd' },
  sparse_sgd_l2: { type: 'sgd', l2: 0.1 },
  sparse_momentum: { type: 'sgd', momentum: 0.9 },
  sparse_momentum_l2: { type: 'sgd', momentum: 0.9, l2: 0.1 },
};

const DENSE: Readonly<Record<string, Case>> = {
  dense_adam: { type: 'adam' },
  dense_adagrad: { type: 'adagrad' },
  dense_sgd: { type: 'sgd' },
  dense_sgd_momentum: { type: 'sgd', momentum: 0.9 },
};

it('the optimizers are tested against every reference', () => {
  const { torch, ...values } = reference;
  expect(torch).toBe('2.13.0+cpu');
  expect([...Object.keys(SPARSE), ...Object.keys(DENSE)].sort()).toEqual(Object.keys(values).sort());
});

describe('50 updates of embedding rows', () => {
  it.each(Object.entries(SPARSE))('give the weights of the reference: %s', async (name, { l2 = 0, ...choice }) => {
    const random = new Lcg(7);
    const table = await makeTable({ ...choice, learningRate: 0.01, kind: 'sparse' }, ROWS, DIMENSION, IDS);
    table.fill(() => random.value());
    for (let step = 1; step <= STEPS; step++) {
      table.setIds(Array.from({ length: IDS }, () => random.next() % (ROWS - 2)));
      table.setGradient(Array.from({ length: IDS * DIMENSION }, () => random.value()));
      table.update(step, l2);
    }
    expectClose(table.weights(), reference[name] as number[]);
  });
});

describe('50 updates of a dense parameter', () => {
  it.each(Object.entries(DENSE))('give the weights of the reference: %s', async (name, choice) => {
    const random = new Lcg(7);
    const table = await makeTable({ ...choice, learningRate: 0.01, kind: 'dense' }, 1, ROWS * DIMENSION, 1);
    table.fill(() => random.value());
    table.setIds([0]);
    for (let step = 1; step <= STEPS; step++) {
      table.setGradient(Array.from({ length: ROWS * DIMENSION }, () => random.value()));
      table.update(step);
    }
    expectClose(table.weights(), reference[name] as number[]);
  });

  it('follow Adagrad where the optimizer is row-wise Adagrad', () => {
    const choice = { type: 'rowwise_adagrad', learningRate: 0.01 } as const;
    expect(optimizerOf(choice).dense).toBe(optimizerOf({ ...choice, type: 'adagrad' }).dense);
  });
});

describe('an update of embedding rows', () => {
  it.each(Object.entries(SPARSE))('changes only the rows that the batch touched: %s', async (_, choice) => {
    const table = await makeTable({ ...choice, learningRate: 0.01, kind: 'sparse' }, ROWS, DIMENSION, IDS);
    table.fill((i) => i);
    table.setIds([3, 3, 5, 3, 5]);
    table.setGradient(new Array(IDS * DIMENSION).fill(1));
    table.update(1, 0.5);
    const changed = table.weights().map((weight, i) => weight !== i);
    expect(changed.flatMap((isChanged, i) => (isChanged ? [Math.floor(i / DIMENSION)] : []))).toEqual([
      ...new Array(DIMENSION).fill(3),
      ...new Array(DIMENSION).fill(5),
    ]);
  });

  it.each([
    { floats: 3 * DIMENSION, choice: { type: 'adam' } },
    { floats: 2 * DIMENSION, choice: { type: 'adagrad' } },
    { floats: DIMENSION + 1, choice: { type: 'rowwise_adagrad' } },
    { floats: DIMENSION, choice: { type: 'sgd' } },
    { floats: 2 * DIMENSION, choice: { type: 'sgd', momentum: 0.9 } },
  ] as const)('needs $floats floats for a row of 6 weights with $choice', ({ floats, choice }) => {
    const { state } = optimizerOf({ ...choice, learningRate: 0.01 }).sparse;
    const { stride } = planTable(new MemoryPlan(), { rows: ROWS, dimension: DIMENSION, state });
    expect(stride).toBe(floats);
  });
});

/** A table in a memory of its own, with room for the ids and gradients of one batch. */
async function makeTable(
  { kind, ...optimizer }: OptimizerChoice & { readonly kind: 'sparse' | 'dense' },
  rows: number,
  dimension: number,
  n: number,
) {
  const rule = optimizerOf(optimizer)[kind];
  const plan = new MemoryPlan();
  const table = planTable(plan, { rows, dimension, state: rule.state });
  const [ids, gradient] = [plan.reserve(n), plan.reserve(n * dimension)];
  const [slots, distinct, sums] = [plan.reserve(2 ** SLOT_BITS), plan.reserve(n), plan.reserve(n * dimension)];
  const occurrences = plan.reserve(n);
  const memory = await plan.build();
  return {
    fill: (value: (i: number) => number) =>
      writeWeights(
        memory,
        table,
        Float32Array.from({ length: rows * dimension }, (_, i) => value(i)),
      ),
    setIds: (values: number[]) => memory.ints(ids).set(values),
    setGradient: (values: number[]) => memory.floats(gradient).set(values),
    update: (step: number, l2 = 0) => {
      memory.ints(slots).fill(0);
      const count = memory.kernels.scatter(
        ...[ids.offset, 0, n, 1, dimension],
        ...[gradient.offset, dimension, 0],
        ...[0, 1, 0],
        ...[slots.offset, SLOT_BITS, distinct.offset, 0, sums.offset, occurrences.offset, 0],
      );
      const { block, stride } = table;
      const touched = [distinct.offset, count, sums.offset, occurrences.offset] as const;
      rule.update(memory.kernels, [block.offset, stride, dimension, dimension, ...touched], {
        step,
        l2,
        learningRate: optimizer.learningRate,
      });
    },
    weights: () => [...readWeights(memory, table)],
  };
}

function expectClose(got: number[], expected: number[]): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => {
    expect(
      Math.abs(value - (expected[i] as number)),
      `weight ${i}: got ${value}, expected ${expected[i]}`,
    ).toBeLessThanOrEqual(2e-6);
  });
}
