import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { describeStoreContract } from './store-contract.ts';

describeStoreContract('memory store', { open: () => memoryStore(), keepsVersions: true });

describe('memory store', () => {
  it('has the MD5 of the bytes as etag, as S3 has', async () => {
    // RFC 1321, appendix A.5.
    expect((await memoryStore().put('a', 'message digest')).etag).toBe('f96b697d7cb7938d525a2f31aaf161d0');
  });

  it('shows its keys and all versions to tests', async () => {
    const store = memoryStore();
    await store.put('b', '1');
    await store.put('a', '2');
    await store.put('b', '3');
    await store.delete('a');
    expect(store.keys()).toEqual(['b']);
    expect(store.versions('b').map(({ body }) => new TextDecoder().decode(body))).toEqual(['1', '3']);
    expect(store.versions('a')).toHaveLength(1);
    expect(store.versions('c')).toEqual([]);
  });

  it('shares nothing with another memory store', async () => {
    await memoryStore().put('a', '1');
    expect(memoryStore().keys()).toEqual([]);
  });
});
