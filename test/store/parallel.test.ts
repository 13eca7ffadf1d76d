import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { forEachAtOnce, oneAtATime } from '../../lib/store/parallel.ts';

function* numbers(count: number): Generator<number> {
  for (let number = 0; number < count; number += 1) yield number;
}

describe('forEachAtOnce', () => {
  it('runs the action on every item, so many at once', async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await forEachAtOnce(numbers(20), 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await delay(1);
      running -= 1;
      done.push(item);
    });
    expect(done.toSorted((a, b) => a - b)).toEqual([...numbers(20)]);
    expect(most).toBe(3);
  });

  it('takes no items', async () => {
    await forEachAtOnce(numbers(0), 3, () => Promise.reject(new Error('never')));
  });

  it('begins nothing after a failure, and ends what is under way before it throws', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const all = forEachAtOnce(numbers(20), 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('item 1 failed');
      await delay(20);
      ended.push(item);
    });
    await expect(all).rejects.toThrow(new Error('item 1 failed'));
    expect([begun, ended]).toEqual([[0, 1], [0]]);
  });
});

describe('oneAtATime', () => {
  it('runs work in its order, each after the one before has ended', async () => {
    const turn = oneAtATime();
    const steps: string[] = [];
    const work = (name: string, milliseconds: number) => async () => {
      steps.push(`${name} begins`);
      await delay(milliseconds);
      steps.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([turn(work('a', 20)), turn(work('b', 0))])).toEqual(['a', 'b']);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('goes on after work that fails', async () => {
    const turn = oneAtATime();
    const failed = turn(async () => {
      throw new Error('bad');
    });
    const next = turn(async () => 'good');
    await expect(failed).rejects.toThrow(new Error('bad'));
    expect(await next).toBe('good');
  });
});
