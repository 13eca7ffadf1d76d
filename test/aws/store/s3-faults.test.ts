/** Writes and reads while the network or the service fails. */
import { randomUUID } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { putConditionally } from '../../../lib/store/conditional-put.ts';
import { s3Client } from '../../../lib/store/s3/client.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import { ObjectNotFoundError, PreconditionFailedError, type Store } from '../../../lib/store/store.ts';
import { type Fault, type FaultProxy, type SeenRequest, s3Error, startFaultProxy } from '../emulator/fault-proxy.ts';
import { makeBucket } from '../emulator/resources.ts';

const IDLE_MS = 1000;
const MIB = 2 ** 20;

let folder: string;
let bucket: string;
let proxy: FaultProxy;
/** The bucket without faults. */
let calm: Store;
/** The bucket behind the proxy. */
let store: Store;
/** The bucket behind the proxy, by a client that waits long: its requests are those of the faults alone. */
let patient: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-faults-'));
  bucket = await makeBucket();
  proxy = await startFaultProxy(inject('endpoint'));
  calm = s3Store({ bucket, endpoint: inject('endpoint') });
  const uploadSizes = { wholeBytes: 5 * MIB, partBytes: 5 * MIB };
  store = s3Store({ bucket, endpoint: proxy.endpoint, idleMs: IDLE_MS, uploadSizes });
  patient = s3Store({ bucket, endpoint: proxy.endpoint, uploadSizes });
});
afterEach(async () => {
  await proxy.stop();
  await rm(folder, { recursive: true });
});

const FAULTS: readonly (Pick<Fault, 'applied' | 'answer'> & { readonly name: string })[] = [
  { name: '409 ConditionalRequestConflict', answer: s3Error(409, 'ConditionalRequestConflict') },
  { name: '500', answer: s3Error(500, 'InternalError') },
  { name: '503 SlowDown', answer: s3Error(503, 'SlowDown') },
  { name: 'a closed connection', answer: 'close' },
  { name: 'no answer in time', answer: 'silence' },
  { name: 'a lost answer', answer: 'close', applied: true },
  { name: 'an answer that comes too late', answer: 'silence', applied: true },
  {
    name: 'a 500 that says so of a write that was made',
    answer: s3Error(500, 'InternalError'),
    applied: true,
  },
];

const isPut = ({ method, url }: SeenRequest) => method === 'PUT' && !url.includes('partNumber');
const isComplete = ({ method, url }: SeenRequest) => method === 'POST' && url.includes('uploadId');
const isPart = ({ method, url }: SeenRequest) => method === 'PUT' && url.includes('partNumber');
const isCreate = ({ method, url }: SeenRequest) => method === 'POST' && url.includes('uploads');

async function text(key: string): Promise<string> {
  return new TextDecoder().decode((await calm.get(key)).body);
}

async function largeFile(): Promise<string> {
  const path = join(folder, 'large.bin');
  await writeFile(path, Buffer.alloc(11 * MIB, 'abcdefg'));
  return path;
}

async function openUploads(): Promise<number> {
  const client = s3Client({ endpoint: inject('endpoint') });
  return (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.length ?? 0;
}

describe.each(FAULTS)('after $name', ({ name: _, ...fault }) => {
  const port = () => ({ store, newWriterId: randomUUID });

  it("a write where nothing was is one's own", async () => {
    proxy.inject({ ...fault, when: isPut });
    expect(await putConditionally(port(), { key: 'a', content: 'mine', expected: null })).not.toBeNull();
    expect(await text('a')).toBe('mine');
    expect(proxy.requests.filter(isPut)).toHaveLength(2);
  });

  it("a write over the version that was read is one's own", async () => {
    const { etag } = await calm.put('a', 'before');
    proxy.inject({ ...fault, when: isPut });
    expect(await putConditionally(port(), { key: 'a', content: 'mine', expected: etag })).not.toBeNull();
    expect(await text('a')).toBe('mine');
  });

  it('a write that another was before is lost', async () => {
    const { etag } = await calm.put('a', 'before');
    await calm.put('a', 'theirs');
    proxy.inject({ ...fault, when: isPut });
    expect(await putConditionally(port(), { key: 'a', content: 'mine', expected: null })).toBeNull();
    proxy.inject({ ...fault, when: isPut });
    expect(await putConditionally(port(), { key: 'a', content: 'mine', expected: etag })).toBeNull();
    expect(await text('a')).toBe('theirs');
  });

  it("a multipart write where nothing was is one's own, and leaves no upload open", async () => {
    const path = await largeFile();
    proxy.inject({ ...fault, when: isComplete });
    expect(await putConditionally(port(), { key: 'a', content: { path }, expected: null })).not.toBeNull();
    expect(Buffer.compare((await calm.get('a')).body, await readFile(path))).toBe(0);
    expect(await openUploads()).toBe(0);
  });

  it('a multipart write that another was before is lost, and leaves no upload open', async () => {
    const path = await largeFile();
    await calm.put('a', 'theirs');
    proxy.inject({ ...fault, when: isComplete });
    expect(await putConditionally(port(), { key: 'a', content: { path }, expected: null })).toBeNull();
    expect(await text('a')).toBe('theirs');
    expect(await openUploads()).toBe(0);
  });

  it('every other request is made again', async () => {
    const path = await largeFile();
    for (const when of [isCreate, isPart]) proxy.inject({ ...(fault.applied ? fault : { answer: 'close' }), when });
    await store.putFile('large', path);
    expect(Buffer.compare((await calm.get('large')).body, await readFile(path))).toBe(0);
  });
});

describe('a conditional write whose response is lost', () => {
  it('is refused because of its own object, without `putConditionally`', async () => {
    proxy.inject({ when: isPut, answer: 'close', applied: true });
    await expect(store.put('a', 'mine', { ifAbsent: true })).rejects.toThrow(
      new PreconditionFailedError('a', `s3://${bucket}`, 'ifAbsent'),
    );
    expect(await text('a')).toBe('mine');
  });
});

describe('a conflict', () => {
  it('that never ends is an error after ten attempts', async () => {
    proxy.inject({ when: isPut, times: 99, answer: s3Error(409, 'ConditionalRequestConflict') });
    await expect(patient.put('a', 'x', { ifAbsent: true })).rejects.toThrow(
      new Error(`cannot put s3://${bucket}/a: ConditionalRequestConflict: injected`),
    );
    expect(proxy.requests).toHaveLength(10);
  });

  it('makes a multipart upload start over', async () => {
    proxy.inject({ when: isComplete, answer: s3Error(409, 'ConditionalRequestConflict') });
    await patient.putFile('a', await largeFile(), { ifAbsent: true, metadata: { n: '1' } });
    expect(proxy.requests.filter(isCreate)).toHaveLength(2);
    expect((await calm.head('a'))?.metadata).toEqual({ n: '1' });
  });
});

describe('a file that becomes shorter while it is uploaded', () => {
  it('is no object, and leaves no upload open', async () => {
    const path = await largeFile();
    // Behind the parts that were read before the upload began.
    const isShortening = (request: SeenRequest) => {
      if (isCreate(request)) truncateSync(path, 10 * MIB);
      return false;
    };
    proxy.inject({ when: isShortening, answer: 'close' });
    await expect(store.putFile('a', path)).rejects.toThrow(
      `${path} changed while it was uploaded: got ${10 * MIB} bytes, expected ${11 * MIB}`,
    );
    expect(await calm.head('a')).toBeNull();
    expect(await openUploads()).toBe(0);
  });
});

describe('a response that is an error in spite of its status 200', () => {
  it('to the end of a multipart upload is asked for again', async () => {
    proxy.inject({ when: isComplete, answer: s3Error(200, 'InternalError') });
    const path = await largeFile();
    await patient.putFile('a', path);
    expect(Buffer.compare((await calm.get('a')).body, await readFile(path))).toBe(0);
    expect(proxy.requests.filter(isComplete)).toHaveLength(2);
  });

  it('to a copy is asked for again', async () => {
    await calm.put('a', '1');
    proxy.inject({ when: isPut, answer: s3Error(200, 'InternalError') });
    await store.copy('a', 'b');
    expect(await text('b')).toBe('1');
  });
});

describe('a body that breaks off', () => {
  const isGet = ({ method }: SeenRequest) => method === 'GET';

  it('is read again', async () => {
    await calm.put('a', '0123456789');
    proxy.inject({ when: isGet, answer: 'half' });
    expect((await store.get('a')).body).toEqual(new TextEncoder().encode('0123456789'));
    proxy.inject({ when: isGet, answer: 'half' });
    expect(await readFile(await store.toFile('a', folder), 'utf8')).toBe('0123456789');
  });

  it('every time is an error, and leaves no file', async () => {
    await calm.put('a', '0123456789');
    proxy.inject({ when: isGet, times: 99, answer: 'half' });
    await expect(patient.toFile('a', folder)).rejects.toThrow(`cannot get s3://${bucket}/a: `);
    expect(proxy.requests.filter(isGet)).toHaveLength(5);
  });
});

describe('a refusal', () => {
  const everything = () => true;

  it('of a read names its possible causes', async () => {
    proxy.inject({ when: everything, times: 99, answer: s3Error(403, 'AccessDenied') });
    const why =
      'AccessDenied: injected (S3 says so of an object that does not exist too, unless s3:ListBucket is granted)';
    await expect(store.head('a')).rejects.toThrow(new Error(`cannot head s3://${bucket}/a: ${why}`));
    await expect(store.get('a')).rejects.toThrow(new Error(`cannot get s3://${bucket}/a: ${why}`));
    await expect(store.toFile('a', folder)).rejects.toThrow(new Error(`cannot get s3://${bucket}/a: ${why}`));
    await expect(store.copy('a', 'b')).rejects.toThrow(new Error(`cannot copy s3://${bucket}/a: ${why}`));
  });

  it('of anything else names the operation', async () => {
    proxy.inject({ when: everything, times: 99, answer: s3Error(403, 'AccessDenied') });
    await expect(store.put('a', 'x')).rejects.toThrow(new Error(`cannot put s3://${bucket}/a: AccessDenied: injected`));
    await expect(store.delete('a')).rejects.toThrow(
      new Error(`cannot delete s3://${bucket}/a: AccessDenied: injected`),
    );
    await expect(store.list('a/')[Symbol.asyncIterator]().next()).rejects.toThrow(
      new Error(`cannot list s3://${bucket}/a/: AccessDenied: injected`),
    );
  });

  it('for expired credentials is not taken for a version that is gone', async () => {
    proxy.inject({ when: everything, times: 99, answer: s3Error(400, 'ExpiredToken') });
    await expect(store.head('a', 'v1')).rejects.toThrow(
      new Error(`cannot head s3://${bucket}/a: ExpiredToken: injected`),
    );
  });

  it.each([
    [400, 'InvalidArgument'],
    [404, 'NoSuchVersion'],
    [405, 'MethodNotAllowed'],
  ])('of a version by %i %s says that there is none', async (status, code) => {
    proxy.inject({ when: everything, times: 99, answer: s3Error(status, code, 'Invalid version id specified') });
    expect(await store.head('a', 'v1')).toBeNull();
    await expect(store.get('a', { versionId: 'v1' })).rejects.toThrow(
      new ObjectNotFoundError('a', `s3://${bucket}`, 'v1'),
    );
  });

  it("of a copy that is too large has S3's own message", async () => {
    await calm.put('a', '1');
    proxy.inject({ when: isPut, answer: s3Error(400, 'InvalidRequest') });
    await expect(store.copy('a', 'b')).rejects.toThrow(
      new Error(`cannot copy s3://${bucket}/a: InvalidRequest: injected`),
    );
  });
});
