import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MemoryPlan } from '../../lib/engine/memory/memory-plan.ts';
import { planRows, readWeights, touchedRows, writeWeights } from '../../lib/engine/memory/rows.ts';
import { type OptimizerChoice, optimizerOf } from '../../lib/engine/optimizers.ts';
import { Lcg } from './lcg.ts';

const [ROWS, DIMENSION, STEPS, IDS] = [12, 6, 50, 5];
const reference = JSON.parse(
  readFileSync(new URL('reference/sparse-optimizers.json', import.meta.url), 'utf8'),
) as Record<string, number[]>;

describe('sparse updates, against 50 steps of PyTorch', () => {
  it.each([
    { name: 'sparse_adam', type: 'adam', l2: 0 },
    { name: 'sparse_adam_l2', type: 'adam', l2: 0.1 },
    { name: 'sparse_adagrad', type: 'adagrad', l2: 0 },
  ] as const)('$name', async ({ name, type, l2 }) => {
    const random = new Lcg(7);
    const table = await makeTable({ type, learningRate: 0.01, kind: 'sparse' }, ROWS, DIMENSION, IDS);
    table.fill(() => random.value());
    for (let step = 1; step <= STEPS; step++) {
      table.setIds(Array.from({ length: IDS }, () => random.next() % (ROWS - 2)));
      table.setGradient(Array.from({ length: IDS * DIMENSION }, () => random.value()));
      table.update(step, l2);
    }
    expectClose(table.weights(), reference[name] as number[]);
  });

  it('leave every row that no batch has touched as it was', async () => {
    const table = await makeTable({ type: 'adam', learningRate: 0.01, kind: 'sparse' }, ROWS, DIMENSION, IDS);
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
});

describe('dense updates, against 50 steps of PyTorch', () => {
  it.each([
    { name: 'dense_adam', type: 'adam' },
    { name: 'dense_adagrad', type: 'adagrad' },
  ] as const)('$name', async ({ name, type }) => {
    const random = new Lcg(7);
    const table = await makeTable({ type, learningRate: 0.01, kind: 'dense' }, 1, ROWS * DIMENSION, 1);
    table.fill(() => random.value());
    table.setIds([0]);
    for (let step = 1; step <= STEPS; step++) {
      table.setGradient(Array.from({ length: ROWS * DIMENSION }, () => random.value()));
      table.update(step);
    }
    expectClose(table.weights(), reference[name] as number[]);
  });
});

describe('bags', () => {
  it('gather the weighted sum of their rows, and give each row its share of the gradient', async () => {
    const plan = new MemoryPlan();
    const [table, ids, coefficients, out, slot, distinct, sums] = [3 * 2, 4, 4, 2 * 2, 3, 4, 4 * 2].map((length) =>
      plan.reserve(length),
    ) as [B, B, B, B, B, B, B];
    const memory = await plan.build();
    memory.floats(table).set([1, 2, 10, 20, 100, 200]);
    memory.ints(ids).set([1, 2, 2, 0]);
    memory.floats(coefficients).set([0.5, 0.25, 2, 0]);
    memory.kernels.gather(table.offset, 2, 2, ids.offset, coefficients.offset, 2, 2, out.offset, 2);
    expect([...memory.floats(out)]).toEqual([30, 60, 200, 400]);

    memory.floats(out).set([1, 10, 100, 1000]);
    const found = memory.kernels.scatter(
      ids.offset,
      coefficients.offset,
      2,
      2,
      2,
      out.offset,
      2,
      slot.offset,
      distinct.offset,
      0,
      sums.offset,
    );
    expect([...memory.ints(distinct)].slice(0, found)).toEqual([1, 2]);
    expect([...memory.floats(sums)].slice(0, 4)).toEqual([0.5, 5, 200.25, 2002.5]);
  });
});

type B = { offset: number; length: number };

async function makeTable(
  { kind, ...optimizer }: OptimizerChoice & { readonly kind: 'sparse' | 'dense' },
  rows: number,
  dimension: number,
  n: number,
) {
  const rule = optimizerOf(optimizer)[kind];
  const plan = new MemoryPlan();
  const table = planRows(plan, { rows, dimension, stateFloats: rule.stateFloats, touchable: n });
  const [ids, gradient] = [plan.reserve(n), plan.reserve(n * dimension)];
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
      const { slot, distinct, sums } = table;
      const count = memory.kernels.scatter(
        ids.offset,
        0,
        n,
        1,
        dimension,
        gradient.offset,
        dimension,
        slot.offset,
        distinct.offset,
        0,
        sums.offset,
      );
      rule.update(memory.kernels, touchedRows(table, count), { step, l2, learningRate: optimizer.learningRate });
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
