import { expect, it } from 'vitest';
import { mapAhead } from '../../lib/workers/map-ahead.ts';

async function* range(count: number, onTaken: (item: number) => void = () => undefined): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) {
    onTaken(item);
    yield item;
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('yields results in order, with some items under way at once', async () => {
  let [underWay, most] = [0, 0];
  const double = async (item: number) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, item % 2 === 0 ? 4 : 1));
    underWay -= 1;
    return 2 * item;
  };
  expect(await collect(mapAhead(range(9), 3, double))).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16]);
  expect(most).toBe(3);
});

it('takes one item after the other where one may be under way', async () => {
  const steps: string[] = [];
  const items = range(2, (item) => steps.push(`taken ${item}`));
  const results = mapAhead(items, 1, async (item) => {
    steps.push(`mapped ${item}`);
    return item;
  });
  for await (const item of results) steps.push(`got ${item}`);
  expect(steps).toEqual(['taken 0', 'mapped 0', 'got 0', 'taken 1', 'mapped 1', 'got 1']);
});

it('throws what an item threw, once those before it are yielded', async () => {
  const got: number[] = [];
  const failing = mapAhead(range(5), 3, async (item) => {
    if (item === 2) throw new Error('item 2 failed');
    return item;
  });
  await expect(
    (async () => {
      for await (const item of failing) got.push(item);
    })(),
  ).rejects.toThrow('item 2 failed');
  expect(got).toEqual([0, 1]);
});
