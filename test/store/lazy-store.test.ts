import { describe, expect, it, vi } from 'vitest';
import { lazyStore } from '../../lib/store/lazy-store.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { describeStoreContract } from './store-contract.ts';

describeStoreContract('lazy store', {
  open: () => lazyStore('memory:', async () => memoryStore()),
  keepsVersions: true,
});

describe('lazy store', () => {
  it('is loaded once, by the first use', async () => {
    const load = vi.fn(async () => memoryStore());
    const store = lazyStore('memory:', load);
    expect(store.url).toBe('memory:');
    expect(load).not.toHaveBeenCalled();
    await Promise.all([store.put('a', '1'), store.head('a')]);
    for await (const object of store.list('')) expect(object.key).toBe('a');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('fails in each use where it cannot be loaded', async () => {
    const store = lazyStore('s3://b', () => Promise.reject(new Error('cannot find module')));
    await expect(store.get('a')).rejects.toThrow('cannot find module');
    await expect(store.head('a')).rejects.toThrow('cannot find module');
  });
});
