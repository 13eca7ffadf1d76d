import { describe, expect, it } from 'vitest';
import { type Block, MemoryPlan } from '../../../lib/engine/memory/memory-plan.ts';
import { Lcg } from '../lcg.ts';

describe('the kernels of a bag', () => {
  it('gather the weighted sum of its rows, and scatter to each row its share of the gradient', async () => {
    const plan = new MemoryPlan();
    const blocks = [3 * 2, 4, 4, 2 * 2, 8, 4, 4 * 2, 4].map((length) => plan.reserve(length));
    const [table, ids, coefficients, out, slots, distinct, sums, occurrences] = blocks as [
      ...[Block, Block, Block, Block, Block, Block, Block, Block],
    ];
    const memory = await plan.build();
    memory.floats(table).set([1, 2, 10, 20, 100, 200]);
    memory.ints(ids).set([1, 2, 2, 0]);
    memory.floats(coefficients).set([0.5, 0.25, 2, 0]);
    memory.kernels.gather(table.offset, 2, 2, ids.offset, coefficients.offset, 0, 2, 2, out.offset, 2, 0);
    expect([...memory.floats(out)]).toEqual([30, 60, 200, 400]);

    memory.floats(out).set([1, 10, 100, 1000]);
    const found = memory.kernels.scatter(
      ...[ids.offset, coefficients.offset, 2, 2, 2],
      ...[out.offset, 2, 0],
      ...[0, 1, 0],
      ...[slots.offset, 3, distinct.offset, 0, sums.offset, occurrences.offset, 0],
    );
    expect([...memory.ints(distinct)].slice(0, found)).toEqual([1, 2]);
    expect([...memory.floats(sums)].slice(0, 4)).toEqual([0.5, 5, 200.25, 2002.5]);
    expect([...memory.floats(occurrences)].slice(0, 2)).toEqual([1, 2]);
  });
});

describe('the kernels of a sequence', () => {
  it('gather its rows side by side, and scatter to each row its own gradient', async () => {
    const plan = new MemoryPlan();
    const blocks = [3 * 2, 6, 6, 2 * 7, 8, 4, 4 * 2, 4].map((length) => plan.reserve(length));
    const [table, ids, coefficients, out, slots, distinct, sums, occurrences] = blocks as [
      ...[Block, Block, Block, Block, Block, Block, Block, Block],
    ];
    const memory = await plan.build();
    memory.floats(table).set([1, 2, 10, 20, 100, 200]);
    memory.ints(ids).set([1, 2, 1, 2, 0, 0]);
    memory.floats(coefficients).set([1, 1, 1, 1, 0, 0]);
    memory.floats(out).fill(-1);
    const columns = out.offset + 4;
    memory.kernels.gather(table.offset, 2, 2, ids.offset, coefficients.offset, 0, 2, 3, columns, 7, 2);
    expect([...memory.floats(out)]).toEqual([-1, 10, 20, 100, 200, 10, 20, -1, 100, 200, 0, 0, 0, 0]);

    memory.floats(out).set([9, 1, 2, 3, 4, 5, 6, 9, 7, 8, 9, 9, 9, 9]);
    const found = memory.kernels.scatter(
      ...[ids.offset, coefficients.offset, 2, 3, 2],
      ...[columns, 7, 2],
      ...[0, 1, 0],
      ...[slots.offset, 3, distinct.offset, 0, sums.offset, occurrences.offset, 0],
    );
    expect([...memory.ints(distinct)].slice(0, found)).toEqual([1, 2]);
    expect([...memory.floats(sums)].slice(0, 4)).toEqual([1 + 5, 2 + 6, 3 + 7, 4 + 8]);
    expect([...memory.floats(occurrences)].slice(0, 2)).toEqual([2, 2]);
  });
});

describe('the kernel that adds up gradients by id', () => {
  const [ROWS, DIMENSION, SLOT_BITS] = [300, 5, 10];

  it.each([1, 2, 3, 7])(
    'gives each id to one of %i members, and adds its gradients in the order of the rows',
    async (members) => {
      const plan = new MemoryPlan();
      const [ids, gradient, slots, distinct, sums, occurrences] = [
        ROWS,
        ROWS * DIMENSION,
        2 ** SLOT_BITS,
        ROWS,
        ROWS * DIMENSION,
        ROWS,
      ].map((length) => plan.reserve(length)) as [Block, Block, Block, Block, Block, Block];
      const memory = await plan.build();
      const random = new Lcg(5);
      // Some ids are frequent, and some are large and differ in the upper bits only.
      const drawn = Array.from({ length: ROWS }, (_, i) =>
        i % 3 === 0 ? random.next() % 4 : (random.next() % 99) * 2 ** 22,
      );
      memory.ints(ids).set(drawn);
      memory.floats(gradient).set(Array.from({ length: ROWS * DIMENSION }, () => random.value()));
      const got = new Map<number, number[]>();
      for (let member = 0; member < members; member++) {
        memory.ints(slots).fill(0);
        const count = memory.kernels.scatter(
          ...[ids.offset, 0, ROWS, 1, DIMENSION],
          ...[gradient.offset, DIMENSION, 0],
          ...[member, members, 4],
          ...[slots.offset, SLOT_BITS, distinct.offset, 0, sums.offset, occurrences.offset, 0],
        );
        for (const [k, id] of memory.ints(distinct).subarray(0, count).entries()) {
          expect(got.has(id), `id ${id}`).toBe(false);
          got.set(id, [...memory.floats(sums).subarray(k * DIMENSION, (k + 1) * DIMENSION)]);
        }
      }
      const expected = new Map<number, number[]>();
      for (const [row, id] of drawn.entries()) {
        const sum = expected.get(id) ?? new Array<number>(DIMENSION).fill(0);
        const own = memory.floats(gradient).subarray(row * DIMENSION, (row + 1) * DIMENSION);
        expected.set(
          id,
          sum.map((value, k) => Math.fround(value + (own[k] as number))),
        );
      }
      expect(new Map([...got].sort(([a], [b]) => a - b))).toEqual(new Map([...expected].sort(([a], [b]) => a - b)));
    },
  );
});

it('the ids of a table are divided evenly among members, also the first ones and those that are all even', async () => {
  const [IDS, SLOT_BITS, MEMBERS] = [1600, 12, 16];
  const plan = new MemoryPlan();
  const [ids, gradient, slots, distinct, sums, occurrences] = [IDS, IDS, 2 ** SLOT_BITS, IDS, IDS, IDS].map((length) =>
    plan.reserve(length),
  ) as [Block, Block, Block, Block, Block, Block];
  const memory = await plan.build();
  const counts = (id: (i: number) => number, n: number) =>
    Array.from({ length: MEMBERS }, (_, member) => {
      memory.ints(slots).fill(0);
      memory.ints(ids).set(Array.from({ length: n }, (_, i) => id(i)));
      return memory.kernels.scatter(
        ...[ids.offset, 0, n, 1, 1],
        ...[gradient.offset, 1, 0],
        ...[member, MEMBERS, 0],
        ...[slots.offset, SLOT_BITS, distinct.offset, 0, sums.offset, occurrences.offset, 0],
      );
    });
  for (const id of [(i: number) => i, (i: number) => 2 * i, (i: number) => 1024 * i]) {
    const each = counts(id, IDS);
    expect(each.reduce((a, b) => a + b)).toBe(IDS);
    expect(Math.max(...each)).toBeLessThanOrEqual(1.2 * (IDS / MEMBERS));
    expect(Math.max(...counts(id, MEMBERS))).toBeLessThanOrEqual(3);
  }
});

it('the gradients of members are added up in their order, for some of the elements', async () => {
  const plan = new MemoryPlan();
  const gradients = plan.reserve(3 * 10);
  const memory = await plan.build();
  memory.floats(gradients).set(Array.from({ length: 30 }, (_, i) => 10 ** (8 - 4 * Math.floor(i / 10)) + i));
  const [first, second, third] = [0, 10, 20].map((at) => memory.floats(gradients).slice(at, at + 10)) as [
    ...[Float32Array, Float32Array, Float32Array],
  ];
  memory.kernels.sumMembers(gradients.offset, 10, 3, 2, 9);
  const sum = first.map((value, i) => {
    const both = Math.fround(value + (second[i] as number));
    return i < 2 || i === 9 ? value : Math.fround(both + (third[i] as number));
  });
  expect(memory.floats(gradients).slice(0, 10)).toEqual(sum);
});
