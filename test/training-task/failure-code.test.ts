import { describe, expect, it } from 'vitest';
import { readPlan } from '../../lib/scoring/protocol/records.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { failureCode } from '../../training/failure-code.ts';

describe('the exit code', () => {
  it('is 5 where a record of scoring is damaged, as of one of the registry', async () => {
    const store = memoryStore();
    await store.put('_work/0123456789abcdef/plan.json', '{"formatVersion": 1');
    const error = await readPlan(store, '0123456789abcdef').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ScoringError' });
    expect(failureCode(error)).toBe(5);
  });

  it('is 1 for what nobody expected', () => {
    expect(failureCode(new TypeError('x is not a function'))).toBe(1);
  });
});
