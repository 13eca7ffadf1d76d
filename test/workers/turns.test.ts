import { expect, it } from 'vitest';
import { turns } from '../../lib/workers/turns.ts';

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
