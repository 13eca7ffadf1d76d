import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { s3Client } from '../../../lib/store/s3/client.ts';
import { type S3StoreOptions, s3Store } from '../../../lib/store/s3/s3-store.ts';
import { PreconditionFailedError, type Store } from '../../../lib/store/store.ts';
import { describeStoreContract } from '../../store/store-contract.ts';
import { type FaultProxy, s3Error, startFaultProxy } from '../emulator/fault-proxy.ts';
import { makeBucket } from '../emulator/resources.ts';

const MIB = 2 ** 20;
const endpoint = inject('endpoint');

describeStoreContract('s3 store', {
  open: async () => s3Store({ bucket: await makeBucket(), endpoint }),
  keepsVersions: true,
});

let folder: string;
let bucket: string;
let proxy: FaultProxy;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-store-'));
  bucket = await makeBucket();
  proxy = await startFaultProxy(endpoint);
});
afterEach(async () => {
  await proxy.stop();
  await rm(folder, { recursive: true });
});

function openStore(options: Partial<S3StoreOptions> = {}): Store {
  return s3Store({ bucket, endpoint: proxy.endpoint, ...options });
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

describe('a bucket', () => {
  it('without versions is refused', async () => {
    bucket = await makeBucket({ versioning: false });
    const error = new Error(`s3://${bucket} keeps no versions of a: enable versioning`);
    const store = openStore();
    await expect(store.put('a', 'x')).rejects.toThrow(error);
    await expect(store.get('a')).rejects.toThrow(error);
    await expect(store.head('a')).rejects.toThrow(error);
    await expect(store.toFile('a', folder)).rejects.toThrow(error);
  });

  it('that stopped to keep versions is refused by a write, and what it kept can be read', async () => {
    const store = openStore();
    const { versionId } = await store.put('a', 'x');
    const suspended = { Bucket: bucket, VersioningConfiguration: { Status: 'Suspended' } } as const;
    await s3Client({ endpoint }).send(new PutBucketVersioningCommand(suspended));
    await expect(store.put('a', 'y')).rejects.toThrow(`s3://${bucket} keeps no versions of a: enable versioning`);
    expect((await store.get('a', { versionId })).body).toEqual(new TextEncoder().encode('x'));
  });

  it('that is not there is named', async () => {
    bucket = `test-${randomUUID()}`;
    const why = `s3://${bucket}/a: NoSuchBucket: The specified bucket does not exist`;
    await expect(openStore().put('a', 'x')).rejects.toThrow(new Error(`cannot put ${why}`));
    await expect(openStore().get('a')).rejects.toThrow(new Error(`cannot get ${why}`));
    await expect(keysOf(openStore(), 'a')).rejects.toThrow(new Error(`cannot list ${why}`));
  });

  it('that cannot be reached is named', async () => {
    const nowhere = openStore({ endpoint: 'http://127.0.0.1:1', maxAttempts: 2 });
    await expect(nowhere.get('a')).rejects.toThrow(`cannot get s3://${bucket}/a: connect ECONNREFUSED 127.0.0.1:1`);
  });
});

describe('keys', () => {
  it.each([
    'a b+c%2B%/é=&?#"<>.csv',
    `deep/${'ü/'.repeat(100)}${'x'.repeat(900 - 5 - 300)}`,
    `${'x'.repeat(890)}.parquet`,
    `${'é'.repeat(446)}.parquet`,
  ])('%s goes through every operation', async (key) => {
    const store = openStore();
    const { versionId } = await store.put(key, 'x', { metadata: { n: '1' } });
    expect(await keysOf(store, key)).toEqual([key]);
    await store.copy(key, 'copy');
    await store.copy('copy', `${key}.copy`);
    expect((await store.get(`${key}.copy`)).metadata).toEqual({ n: '1' });
    const path = await store.toFile(key, folder, versionId);
    expect(await readFile(path, 'utf8')).toBe('x');
    expect(extname(path)).toBe(extname(key));
    if (basename(key).length <= 200) expect(basename(path)).toBe(basename(key));
    await store.delete(key);
    expect(await store.head(key)).toBeNull();
  });
});

describe('list', () => {
  it('lists only current objects, over pages of versions and delete markers', async () => {
    const store = openStore();
    const names = Array.from({ length: 400 }, (_, index) => `p/${String(index).padStart(3, '0')}`);
    for (const round of ['1', '2', '3']) await Promise.all(names.map((key) => store.put(key, round)));
    await Promise.all(names.filter((_, index) => index % 2 === 0).map((key) => store.delete(key)));
    const found: string[] = [];
    for await (const { key, versionId } of store.list('p/')) {
      found.push(key);
      if (key === 'p/399') expect((await store.get(key, { versionId })).body).toEqual(new TextEncoder().encode('3'));
    }
    expect(found).toEqual(names.filter((_, index) => index % 2 === 1));
    expect(proxy.requests.filter(({ url }) => url.includes('versions')).length).toBe(2);
  });

  it('leaves out the folders that the console makes', async () => {
    await s3Client({ endpoint }).send(
      new PutObjectCommand({ Bucket: bucket, Key: 'candidates/', Body: Buffer.alloc(0) }),
    );
    await openStore().put('candidates/a', 'x');
    expect(await keysOf(openStore(), '')).toEqual(['candidates/a']);
  });
});

describe('a file above the size of one request', () => {
  const uploadSizes = { wholeBytes: 6 * MIB, partBytes: 5 * MIB };

  async function fileOf(bytes: number): Promise<string> {
    const path = join(folder, 'local.bin');
    await writeFile(
      path,
      Uint8Array.from({ length: bytes }, (_, index) => index % 251),
    );
    return path;
  }

  it('goes up in parts', async () => {
    const store = openStore({ uploadSizes });
    const path = await fileOf(12 * MIB + 1);
    const written = await store.putFile('a', path, { metadata: { n: '1' } });
    expect(written).toMatchObject({ size: 12 * MIB + 1, etag: expect.stringMatching(/-3"$/), metadata: { n: '1' } });
    expect(await store.head('a')).toEqual(written);
    expect(Buffer.compare((await store.get('a')).body, await readFile(path))).toBe(0);
    expect(proxy.requests.filter(({ url }) => url.includes('partNumber'))).toHaveLength(3);
  });

  it('has one winner among several writers', async () => {
    const store = openStore({ uploadSizes });
    const path = await fileOf(6 * MIB + 1);
    const writers = ['1', '2', '3', '4', '5'];
    const results = await Promise.allSettled(
      writers.map((writer) => store.putFile('a', path, { ifAbsent: true, metadata: { writer } })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailedError);
    const winner = writers[results.findIndex(({ status }) => status === 'fulfilled')];
    expect((await store.head('a'))?.metadata).toEqual({ writer: winner });
  });

  it('of just that size is one request', async () => {
    await openStore({ uploadSizes }).putFile('a', await fileOf(6 * MIB));
    expect(proxy.requests).toHaveLength(1);
  });
});

describe('a range of a version', () => {
  it('is cut out, and refused behind the end, whether the server honours it or returns the whole object', async () => {
    const store = openStore();
    const { versionId } = await store.put('a', '0123456789');
    const get = (start: number, end: number) => store.get('a', { versionId, range: { start, end } });
    expect(await get(8, 99)).toMatchObject({ size: 10, body: new TextEncoder().encode('89') });
    const error = new RangeError('byte range must start inside the 10 bytes of a, got 10');
    await expect(get(10, 11)).rejects.toThrow(error);
    proxy.inject({ when: ({ method }) => method === 'GET', answer: s3Error(416, 'InvalidRange') });
    await expect(get(10, 11)).rejects.toThrow(error);
  });
});

describe('room for a body', () => {
  it('is used where the body fits in it', async () => {
    const store = openStore();
    await store.put('a', '0123456789');
    const room = new Uint8Array(10);
    expect((await store.get('a', { room })).body.buffer).toBe(room.buffer);
    expect((await store.get('a', { room: room.subarray(0, 9) })).body.buffer).not.toBe(room.buffer);
  });

  it('is filled from the start where the connection breaks in the middle', async () => {
    const store = openStore();
    const body = Uint8Array.from({ length: MIB }, (_, index) => index % 251);
    await store.put('a', body);
    proxy.inject({ when: ({ method }) => method === 'GET', answer: 'half' });
    const room = new Uint8Array(MIB);
    expect(Buffer.compare((await store.get('a', { room })).body, body)).toBe(0);
    expect(proxy.requests.filter(({ method }) => method === 'GET')).toHaveLength(2);
  });
});

describe('a local copy', () => {
  it('of a large object is read by ranges of one version', async () => {
    const body = Uint8Array.from({ length: 17 * MIB }, (_, index) => index % 251);
    const { versionId } = await openStore({ endpoint }).put('a', body);
    const path = await openStore().toFile('a', folder);
    expect(Buffer.compare(await readFile(path), body)).toBe(0);
    const gets = proxy.requests.filter(({ method }) => method === 'GET');
    expect(gets.map(({ headers }) => headers.range).sort()).toEqual([
      'bytes=0-1048575',
      'bytes=1048576-9437183',
      'bytes=9437184-17825791',
    ]);
    for (const { url } of gets.slice(1)) expect(url).toContain(`versionId=${versionId}`);
    expect(proxy.requests).toHaveLength(gets.length);
  });

  it('leaves nothing behind where the version is gone', async () => {
    await expect(openStore().toFile('a', folder)).rejects.toThrow(`no object a in s3://${bucket}`);
    await expect(openStore().toFile('a', folder, 'v1')).rejects.toThrow(`no object a in s3://${bucket}, version v1`);
  });
});
