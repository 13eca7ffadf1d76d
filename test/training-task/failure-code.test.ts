import { describe, expect, it } from 'vitest';
import { currentVersion } from '../../lib/registry/current.ts';
import { NoRoomForVersionError } from '../../lib/registry/errors.ts';
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

  it('is 5 where current.json names what cannot be a version', async () => {
    const store = memoryStore();
    const current = { formatVersion: 1, version: 'v1', reason: 'x', promotedAt: '2026-05-01T00:00:00Z', earlier: [] };
    await store.put('models/shop/current.json', JSON.stringify(current));
    const error = await currentVersion(store, 'shop').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: expect.stringContaining('version: expected a version like 20260131-235959-0123abcd'),
    });
    expect(failureCode(error)).toBe(5);
  });

  it('is 6 where there is no room for a version', () => {
    expect(failureCode(new NoRoomForVersionError('no room'))).toBe(6);
  });

  it('is 1 for what nobody expected', () => {
    expect(failureCode(new TypeError('x is not a function'))).toBe(1);
  });
});
