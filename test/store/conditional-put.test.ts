import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { putConditionally } from '../../lib/store/conditional-put.ts';
import { type Gate, gated } from '../scoring/world/gated-store.ts';
import { memoryStore, rememberingQueue } from '../scoring/world/world.ts';

let ids = 0;
const newWriterId = () => `writer-${ids++}`;

describe('a conditional write', () => {
  it('succeeds if there is no object, and returns null if there is one', async () => {
    const store = memoryStore();
    expect(await putConditionally({ store, newWriterId }, { key: 'a', content: '1', expected: null })).not.toBeNull();
    expect(await putConditionally({ store, newWriterId }, { key: 'a', content: '2', expected: null })).toBeNull();
    expect(store.versions('a')).toHaveLength(1);
  });

  it('succeeds if the object has the expected etag, and returns null if it has changed or is gone', async () => {
    const store = memoryStore();
    const { etag } = await store.put('a', '1');
    expect(await putConditionally({ store, newWriterId }, { key: 'a', content: '2', expected: etag })).not.toBeNull();
    expect(await putConditionally({ store, newWriterId }, { key: 'a', content: '3', expected: etag })).toBeNull();
    expect(await putConditionally({ store, newWriterId }, { key: 'b', content: '3', expected: etag })).toBeNull();
  });

  it.each([null, 'present'])(
    'succeeds if the client repeats it and is refused because of its own object (object before: %s)',
    async (state) => {
      const store = memoryStore();
      const expected = state === null ? null : (await store.put('a', 'before')).etag;
      const target = { store, queue: rememberingQueue() };
      const repeating: Gate = async ({ changes }, act) => {
        const answer = await act(target);
        return changes ? act(target) : answer;
      };
      const tools = { store: gated(repeating).store, newWriterId };
      expect(await putConditionally(tools, { key: 'a', content: 'mine', expected })).not.toBeNull();
    },
  );

  it('writes local files, and adds the id to the metadata', async () => {
    const store = memoryStore();
    const path = join(await mkdtemp(join(tmpdir(), 'put-')), 'file');
    await writeFile(path, 'bytes');
    await putConditionally(
      { store, newWriterId: () => 'w' },
      { key: 'a', content: { path }, expected: null, metadata: { x: 'y' } },
    );
    expect((await store.head('a'))?.metadata).toEqual({ x: 'y', writer: 'w' });
    expect((await store.get('a')).body).toEqual(new TextEncoder().encode('bytes'));
  });

  it('throws every other error', async () => {
    const broken = gated(async () => Promise.reject(new Error('503'))).store;
    const put = putConditionally({ store: broken, newWriterId }, { key: 'a', content: '1', expected: null });
    await expect(put).rejects.toThrow('503');
  });
});
