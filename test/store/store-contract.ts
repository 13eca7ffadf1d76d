/** What every store promises. Each store's own test runs this suite over it and adds what is its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ObjectNotFoundError, PreconditionFailedError, type PutOptions, type Store } from '../../lib/store/store.ts';

interface Contract {
  /** An empty store; the folder is empty and removed after the test. */
  open(folder: string): Store | Promise<Store>;
  /** Whether versions that were replaced or deleted can still be read. */
  readonly keepsVersions: boolean;
}

export function describeStoreContract(name: string, { open, keepsVersions }: Contract): void {
  describe(name, () => {
    let folder: string;
    let store: Store;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'store-'));
      store = await open(join(folder, 'store'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    const text = async (key: string) => new TextDecoder().decode((await store.get(key)).body);
    const keys = async (prefix: string) => {
      const found: string[] = [];
      for await (const { key } of store.list(prefix)) found.push(key);
      return found;
    };

    describe('put and get', () => {
      it('returns the bytes, size and metadata that were written', async () => {
        const written = await store.put('a/b.bin', Uint8Array.of(0, 255, 7), { metadata: { 'rows-in': '3' } });
        expect(await store.get('a/b.bin')).toEqual({ ...written, body: Uint8Array.of(0, 255, 7) });
        expect(written).toMatchObject({ key: 'a/b.bin', size: 3, metadata: { 'rows-in': '3' } });
      });

      it('writes text as UTF-8', async () => {
        expect((await store.put('a', 'é')).size).toBe(2);
        expect((await store.get('a')).body).toEqual(Uint8Array.of(0xc3, 0xa9));
      });

      it('stores an empty object', async () => {
        await store.put('_SUCCESS', '');
        expect((await store.get('_SUCCESS')).body).toEqual(new Uint8Array());
      });

      it('keeps bodies apart from the arrays of its callers', async () => {
        const body = Uint8Array.of(1, 2);
        await store.put('a', body);
        body[0] = 9;
        const read = (await store.get('a')).body;
        expect(read).toEqual(Uint8Array.of(1, 2));
        read[1] = 9;
        expect((await store.get('a')).body).toEqual(Uint8Array.of(1, 2));
      });

      it('forgets the metadata of the version that is replaced', async () => {
        await store.put('a', '1', { metadata: { writer: 'x' } });
        await store.put('a', '2');
        expect((await store.head('a'))?.metadata).toEqual({});
      });

      it.each(['with space/ü+%20&=?#.txt', '日本/𝒳', 'a/-/_/~', 'x'.repeat(200)])('takes the key %s', async (key) => {
        await store.put(key, 'x');
        expect(await text(key)).toBe('x');
        expect(await keys('')).toEqual([key]);
        await store.delete(key);
        expect(await store.head(key)).toBeNull();
      });

      it.each([
        ['', 'key must not be empty'],
        ['../x', 'key must stay inside the store, got ../x'],
        ['a/../../x', 'key must stay inside the store, got a/../../x'],
        ['a/..', 'key must stay inside the store, got a/..'],
        ['./a', 'key must stay inside the store, got ./a'],
        ['/etc/passwd', 'key must stay inside the store, got /etc/passwd'],
        ['a//b', 'key must not have empty segments, got a//b'],
        ['a/', 'key must not have empty segments, got a/'],
        ['a\0b', 'key must not have NUL characters, got "a\\u0000b"'],
        ['a\ud800', 'key must be valid Unicode, got "a\\ud800"'],
        [
          '.entirespace/locks/a',
          'key must not begin with .entirespace/, which the store keeps for itself, got .entirespace/locks/a',
        ],
        [`${'é'.repeat(600)}`, `key must have at most 1024 bytes, got 1200 (${'é'.repeat(40)}...)`],
      ])('refuses the key %j', async (key, message) => {
        const error = new RangeError(message);
        await expect(store.put(key, 'x')).rejects.toThrow(error);
        await expect(store.putFile(key, '/dev/null')).rejects.toThrow(error);
        await expect(store.get(key)).rejects.toThrow(error);
        await expect(store.head(key)).rejects.toThrow(error);
        await expect(store.delete(key)).rejects.toThrow(error);
        await expect(store.copy(key, 'b')).rejects.toThrow(error);
        await expect(store.copy('b', key)).rejects.toThrow(error);
        await expect(store.toFile(key, folder)).rejects.toThrow(error);
      });

      it('refuses metadata that HTTP headers cannot carry', async () => {
        await expect(store.put('a', 'x', { metadata: { RowsIn: '1' } })).rejects.toThrow(
          new RangeError('metadata name must be of a-z, 0-9, _ and -, got "RowsIn" for a'),
        );
        await expect(store.put('a', 'x', { metadata: { city: 'Zürich' } })).rejects.toThrow(
          new RangeError('metadata city must be printable ASCII, got "Zürich" for a'),
        );
        expect(await store.head('a')).toBeNull();
      });
    });

    describe('an object that does not exist', () => {
      it('is null for head and ObjectNotFoundError for the rest', async () => {
        const error = new ObjectNotFoundError('a/b', store.url);
        expect(error.message).toBe(`no object a/b in ${store.url}`);
        expect(await store.head('a/b')).toBeNull();
        await expect(store.get('a/b')).rejects.toThrow(error);
        await expect(store.copy('a/b', 'c')).rejects.toThrow(error);
        await expect(store.toFile('a/b', folder)).rejects.toThrow(error);
      });

      it('is not made by an object below its key', async () => {
        await store.put('a/b', 'x');
        expect(await store.head('a')).toBeNull();
        await expect(store.get('a')).rejects.toThrow(ObjectNotFoundError);
        await store.delete('a');
        expect(await keys('')).toEqual(['a/b']);
      });

      it('can be deleted', async () => {
        await store.delete('a/b');
        expect(await keys('')).toEqual([]);
      });

      it('can have been deleted', async () => {
        await store.put('a/b', 'x', { metadata: { writer: 'x' } });
        await store.delete('a/b');
        expect(await store.head('a/b')).toBeNull();
        await store.put('a/b', 'y', { ifAbsent: true });
        expect(await store.get('a/b')).toMatchObject({ metadata: {}, size: 1 });
      });
    });

    describe('byte ranges', () => {
      beforeEach(() => store.put('a', '0123456789'));

      it.each([
        [0, 1, '0'],
        [3, 7, '3456'],
        [8, 10, '89'],
        [8, 99, '89'],
      ])('reads %i up to, not including, %i', async (start, end, expected) => {
        const object = await store.get('a', { range: { start, end } });
        expect(new TextDecoder().decode(object.body)).toBe(expected);
        expect(object.size).toBe(10);
      });

      it.each([2, 4, 9, 10, 99])('are the same for a reader with room for %i bytes', async (length) => {
        const room = new Uint8Array(length).fill(0x2a);
        expect((await store.get('a', { room })).body).toEqual(new TextEncoder().encode('0123456789'));
        const part = await store.get('a', { range: { start: 3, end: 7 }, room });
        expect(part).toMatchObject({ size: 10, body: new TextEncoder().encode('3456') });
      });

      it.each([
        [10, 11, 'byte range must start inside the 10 bytes of a, got 10'],
        [3, 3, 'byte range must have 0 <= start < end, got 3 to 3 of a'],
        [5, 2, 'byte range must have 0 <= start < end, got 5 to 2 of a'],
        [-1, 2, 'byte range must have 0 <= start < end, got -1 to 2 of a'],
        [0, 1.5, 'byte range must have 0 <= start < end, got 0 to 1.5 of a'],
      ])('refuses %d to %d', async (start, end, message) => {
        await expect(store.get('a', { range: { start, end } })).rejects.toThrow(new RangeError(message));
      });
    });

    describe('versions', () => {
      it('differ between writes, of the same bytes too', async () => {
        const versions = new Set<string>();
        for (let write = 0; write < 30; write += 1) versions.add((await store.put('a', 'same')).versionId);
        expect(versions.size).toBe(30);
      });

      it('are readable by their id while current', async () => {
        const { versionId } = await store.put('a', '1');
        expect((await store.get('a', { versionId })).versionId).toBe(versionId);
        expect((await store.head('a', versionId))?.versionId).toBe(versionId);
        expect(await readFile(await store.toFile('a', folder, versionId), 'utf8')).toBe('1');
      });

      if (keepsVersions) {
        it('stay readable once replaced or deleted', async () => {
          const first = await store.put('a', '1', { metadata: { n: '1' } });
          const second = await store.put('a', '2');
          await store.delete('a');
          expect(await store.get('a', { versionId: first.versionId })).toEqual({ ...first, body: Uint8Array.of(0x31) });
          expect(await store.head('a', second.versionId)).toEqual(second);
          expect(await readFile(await store.toFile('a', folder, first.versionId), 'utf8')).toBe('1');
        });
      } else {
        it('are gone once replaced or deleted', async () => {
          const { versionId } = await store.put('a', '1');
          const error = new ObjectNotFoundError('a', store.url, versionId);
          await store.put('a', '2');
          expect(await store.head('a', versionId)).toBeNull();
          await expect(store.get('a', { versionId })).rejects.toThrow(error);
          await expect(store.toFile('a', folder, versionId)).rejects.toThrow(error);
        });
      }

      it('are ObjectNotFoundError where the id was never given', async () => {
        await store.put('a', '1');
        await expect(store.get('a', { versionId: 'nope' })).rejects.toThrow(
          new ObjectNotFoundError('a', store.url, 'nope'),
        );
      });
    });

    describe.each([
      ['put', (key: string, body: string, options: PutOptions) => store.put(key, body, options)],
      [
        'putFile',
        async (key: string, body: string, options: PutOptions) => {
          const path = join(folder, 'local');
          await writeFile(path, body);
          return store.putFile(key, path, options);
        },
      ],
    ])('conditional %s', (_name, put) => {
      it('ifAbsent writes a key once', async () => {
        await put('a/b', '1', { ifAbsent: true });
        await expect(put('a/b', '2', { ifAbsent: true })).rejects.toThrow(
          new PreconditionFailedError('a/b', store.url, 'ifAbsent'),
        );
        expect(await text('a/b')).toBe('1');
      });

      it('ifMatch writes over the version that was read, and no other', async () => {
        const first = await put('a/b', '1', { metadata: { n: '1' } });
        const second = await put('a/b', '2', { ifMatch: first.etag, metadata: { n: '2' } });
        const error = new PreconditionFailedError('a/b', store.url, 'ifMatch');
        expect(error.message).toBe(`a/b in ${store.url} changed since it was read`);
        await expect(put('a/b', '3', { ifMatch: first.etag, metadata: { n: '3' } })).rejects.toThrow(error);
        expect(await text('a/b')).toBe('2');
        expect(await store.head('a/b')).toEqual(second);
      });

      it('ifMatch of an absent object is ObjectNotFoundError', async () => {
        const { etag } = await put('a/b', '1', {});
        await store.delete('a/b');
        await expect(put('a/b', '2', { ifMatch: etag })).rejects.toThrow(new ObjectNotFoundError('a/b', store.url));
        expect(await keys('')).toEqual([]);
      });

      it('refuses both conditions at once', async () => {
        await expect(put('a', '1', { ifAbsent: true, ifMatch: 'x' })).rejects.toThrow(
          new RangeError('put takes ifAbsent or ifMatch, got both for a'),
        );
      });
    });

    describe('races', () => {
      const writers = Array.from({ length: 20 }, (_, writer) => `writer ${writer}`);

      async function winners(write: (writer: string) => Promise<unknown>): Promise<readonly string[]> {
        const results = await Promise.allSettled(writers.map(write));
        for (const result of results)
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailedError);
        return writers.filter((_, index) => results[index]?.status === 'fulfilled');
      }

      it('ifAbsent has one winner among 20 writers, whose bytes stay', async () => {
        const won = await winners((writer) => store.put('deep/er/a', writer, { ifAbsent: true }));
        expect(won).toHaveLength(1);
        expect(await text('deep/er/a')).toBe(won[0]);
      });

      it('ifMatch has one winner among 20 writers, whose bytes stay', async () => {
        const { etag } = await store.put('a', 'before');
        const won = await winners((writer) => store.put('a', writer, { ifMatch: etag, metadata: { writer } }));
        expect(won).toHaveLength(1);
        expect(await text('a')).toBe(won[0]);
        expect((await store.head('a'))?.metadata).toEqual({ writer: won[0] });
      });

      it('readers see whole versions with their own metadata while writers replace them', async () => {
        const put = (n: number) => store.put('a', String(n).repeat(1000 + n), { metadata: { n: String(n) } });
        await put(0);
        const writing = (async () => {
          for (let n = 1; n < 10; n += 1) await put(n);
        })();
        for (let read = 0; read < 100; read += 1) {
          const object = await store.get('a');
          const n = Number(object.metadata.n);
          expect(new TextDecoder().decode(object.body)).toBe(String(n).repeat(1000 + n));
        }
        await writing;
      });

      it('writers in a folder survive deletes that empty it', async () => {
        await Promise.all(
          writers.map(async (writer) => {
            for (let round = 0; round < 5; round += 1) {
              await store.put(`folder/below/${writer}`, 'x');
              await store.delete(`folder/below/${writer}`);
            }
          }),
        );
        expect(await keys('')).toEqual([]);
      });
    });

    describe('list', () => {
      it('yields the keys with the prefix in the order of their UTF-8 bytes', async () => {
        const ordered = ['B', 'a b', 'a-b/c', 'a.b', 'a/b.c', 'a/b/c', 'a/c', 'a0', 'ab/c', 'é', '\uffee', '𝒳'];
        for (const key of [...ordered].reverse()) await store.put(key, key);
        expect(await keys('')).toEqual(ordered);
        expect(await keys('a')).toEqual(['a b', 'a-b/c', 'a.b', 'a/b.c', 'a/b/c', 'a/c', 'a0', 'ab/c']);
        expect(await keys('a/')).toEqual(['a/b.c', 'a/b/c', 'a/c']);
        expect(await keys('a/b')).toEqual(['a/b.c', 'a/b/c']);
        expect(await keys('a/b/')).toEqual(['a/b/c']);
        expect(await keys('a/c')).toEqual(['a/c']);
        expect(await keys('nothing/here')).toEqual([]);
      });

      it('yields the facts of each object, and when it came to be in the store', async () => {
        const before = await store.now();
        const { metadata: _, ...written } = await store.put('a', '123', { metadata: { n: '1' } });
        for await (const { storedAt, ...object } of store.list('')) {
          expect(object).toMatchObject(written);
          // S3 tells whole seconds, and file systems ticks.
          expect(Math.abs(storedAt.getTime() - before.getTime())).toBeLessThan(10_000);
        }
      });

      it('returns the folders in a folder that hold objects at any depth, without the objects', async () => {
        for (const key of ['f/a', 'f/é b+%/x', 'f/a.b', 'f/dt=2/x/y', 'f/dt=2/z', 'f/dt=10/x', 'f/gone/x', 'g/x'])
          await store.put(key, '');
        await store.delete('f/gone/x');
        const folders = async (folder: string) => {
          const found: string[] = [];
          for await (const name of store.listFolders(folder)) found.push(name);
          return found;
        };
        expect(await folders('f/')).toEqual(['f/dt=10/', 'f/dt=2/', 'f/é b+%/']);
        expect(await folders('')).toEqual(['f/', 'g/']);
        expect(await folders('absent/')).toEqual([]);
        await expect(folders('f')).rejects.toThrow('folder must end in /, got f');
      });

      it('can be left early, and goes on where objects vanish', async () => {
        for (const key of ['a', 'b', 'c']) await store.put(key, key);
        for await (const { key } of store.list('')) {
          expect(key).toBe('a');
          break;
        }
        const seen: string[] = [];
        for await (const { key } of store.list('')) {
          seen.push(key);
          await store.delete('b');
        }
        // A bucket lists by the page: what vanishes within one is still told.
        expect(seen.filter((key) => key !== 'b')).toEqual(['a', 'c']);
      });

      it('pages through more than a thousand objects', async () => {
        const expected = Array.from({ length: 1100 }, (_, index) => `p/${String(index).padStart(4, '0')}`);
        await Promise.all(expected.map((key) => store.put(key, '', { ifAbsent: true })));
        expect(await keys('p/')).toEqual(expected);
      });

      it.each(['../', '/a', 'a//', 'a/../'])('refuses the prefix %s', async (prefix) => {
        await expect(keys(prefix)).rejects.toThrow(RangeError);
      });
    });

    describe('copy', () => {
      it('copies bytes and metadata over what is there', async () => {
        await store.put('from', '1', { metadata: { n: '1' } });
        await store.put('deep/to', '2', { metadata: { n: '2' } });
        await store.copy('from', 'deep/to');
        expect(await text('deep/to')).toBe('1');
        expect((await store.head('deep/to'))?.metadata).toEqual({ n: '1' });
        await store.delete('from');
        expect(await text('deep/to')).toBe('1');
      });

      it('refuses to copy an object onto itself', async () => {
        await store.put('a', '1');
        await expect(store.copy('a', 'a')).rejects.toThrow(new RangeError('copy must be to another key, got a twice'));
      });
    });

    describe('files', () => {
      it('takes a local file of several megabytes', async () => {
        const body = Uint8Array.from({ length: 5_000_003 }, (_, index) => (index * 7919) % 251);
        const path = join(folder, 'local.bin');
        await writeFile(path, body);
        const written = await store.putFile('big/file.bin', path, { metadata: { n: '1' } });
        expect(written).toMatchObject({ size: body.length, metadata: { n: '1' } });
        expect(Buffer.compare((await store.get('big/file.bin')).body, body)).toBe(0);
        expect(Buffer.compare(await readFile(path), body)).toBe(0);
      });

      it('writes a local file after what it waits for, and not if that fails', async () => {
        const path = join(folder, 'waiting.bin');
        await writeFile(path, '1');
        let end: () => void = () => undefined;
        const after = new Promise<void>((resolve) => {
          end = resolve;
        });
        const writing = store.putFile('a', path, { after });
        await setTimeout(50);
        expect(await keys('')).toEqual([]);
        end();
        await writing;
        expect(await keys('')).toEqual(['a']);
        const failed = Promise.reject(new Error('no model'));
        failed.catch(() => undefined);
        await expect(store.putFile('b', path, { after: failed })).rejects.toThrow('no model');
        expect(await keys('')).toEqual(['a']);
      });

      it('names a local file that is not there', async () => {
        const path = join(folder, 'absent.bin');
        await expect(store.putFile('a', path)).rejects.toThrow(`no such file or directory, open '${path}'`);
        expect(await keys('')).toEqual([]);
      });

      it('gives a local file of the same name, and each version its own content', async () => {
        await store.put('a/model.onnx', '1');
        await store.put('b/model.onnx', '2');
        const scratch = join(folder, 'scratch');
        const first = await store.toFile('a/model.onnx', scratch);
        const second = await store.toFile('b/model.onnx', scratch);
        expect(basename(first)).toBe('model.onnx');
        expect(await readFile(first, 'utf8')).toBe('1');
        expect(await readFile(second, 'utf8')).toBe('2');
      });
    });
  });
}
