import { expect, it } from 'vitest';
import { Standstill } from '../../lib/workers/standstill.ts';

/** What the promise has come to after all that is due now. */
async function stateOf(promise: Promise<string>): Promise<string> {
  const later = new Promise<string>((resolve) => setImmediate(() => resolve('pending')));
  return Promise.race([promise, later]);
}

it('lets a thread do its work, and passes on what it throws', async () => {
  const thread = new Standstill();
  expect(await thread.run(() => 'done')).toBe('done');
  await expect(thread.run(() => Promise.reject(new RangeError('rows: got 3')))).rejects.toThrow('rows: got 3');
  expect([...thread.state]).toEqual([0, 0]);
});

it('begins nothing after it is stopped', async () => {
  const thread = new Standstill();
  new Standstill(thread.state).stop(0);
  let calls = 0;
  const work = thread.run(() => `call ${++calls}`);
  expect(await stateOf(work)).toBe('pending');
  expect({ calls, state: [...thread.state] }).toEqual({ calls: 0, state: [1, 0] });
});

it('waits no longer than its limit for work that does not end', async () => {
  const thread = new Standstill();
  let end = (_: string) => {};
  const work = thread.run(() => new Promise<string>((resolve) => (end = resolve)));
  new Standstill(thread.state).stop(20);
  expect([...thread.state]).toEqual([1, 1]);
  end('ended');
  expect(await work).toBe('ended');
  expect([...thread.state]).toEqual([1, 0]);
});
