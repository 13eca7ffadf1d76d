import { expect, it } from 'vitest';
import { PartMemory } from '../../../../lib/engine/scoring/parts/part-memory.ts';

it('has a view until it grows', async () => {
  const memory = await PartMemory.create();
  const view = memory.floats(memory.allocate(100), 100);
  view.fill(1.5);
  const offset = view.byteOffset;
  expect(memory.has(view)).toBe(true);
  // More than it grows by at once.
  memory.allocate(2 ** 26);
  expect(memory.has(view)).toBe(false);
  expect([...memory.floats(offset, 100)]).toEqual(Array(100).fill(1.5));
});

it('finds the parts of rows in the blocks of their entities', async () => {
  const memory = await PartMemory.create();
  const [numbers, blocks, out] = [memory.allocate(6), memory.allocate(3), memory.allocate(6)];
  memory.words(numbers, 6).set([0, 3, 4, 7, 11, 8]);
  memory.words(blocks, 3).set([5000, 100, 90_000]);
  // Blocks of 4 rows, of 40 bytes each.
  memory.kernels.partAddresses(numbers, 6, blocks, 2, 40, out);
  expect([...memory.words(out, 6)]).toEqual([5000, 5120, 100, 220, 90_120, 90_000]);
});
