import { expect, it } from 'vitest';
import { atMost, turns } from '../../lib/workers/turns.ts';

it('runs one after the other, whatever they take, and goes on after a failure', async () => {
  const steps: string[] = [];
  const inTurn = turns();
  const take = (name: string, milliseconds: number) =>
    inTurn(async () => {
      steps.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      steps.push(`${name} ends`);
      if (name === 'b') throw new Error('b failed');
      return name;
    });
  const results = await Promise.allSettled([take('a', 3), take('b', 0), take('c', 1)]);
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message))).toEqual([
    'a',
    'b failed',
    'c',
  ]);
});

it('runs so many at once, in order, and goes on after a failure', async () => {
  const begun: number[] = [];
  let [running, most] = [0, 0];
  const inTurn = atMost(3);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      inTurn(async () => {
        begun.push(i);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, i % 4));
        running -= 1;
        if (i % 5 === 0) throw new Error('failed');
        return i;
      }),
    ),
  );
  expect([most, begun]).toEqual([3, Array.from({ length: 20 }, (_, i) => i)]);
  expect(results.filter(({ status }) => status === 'rejected').length).toBe(4);
});
