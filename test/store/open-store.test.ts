import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../lib/store/open-store.ts';

describe('openStore', () => {
  it.each([
    ['file:///data/my%20bucket', 'file:///data/my%20bucket'],
    ['/data/my bucket', 'file:///data/my%20bucket'],
    ['/data/bucket/', 'file:///data/bucket'],
    ['bucket', pathToFileURL(join(process.cwd(), 'bucket')).href],
    ['s3://my-bucket.logs', 's3://my-bucket.logs'],
    ['s3://my-bucket/', 's3://my-bucket'],
    ['./a:b', pathToFileURL(join(process.cwd(), 'a:b')).href],
  ])('opens %s as %s', (url, expected) => {
    expect(openStore(url).url).toBe(expected);
  });

  it('takes a relative path from the folder that is named', () => {
    expect(openStore('bucket', {}, '/data').url).toBe('file:///data/bucket');
    expect(openStore('/other/bucket', {}, '/data').url).toBe('file:///other/bucket');
  });

  it.each([
    ['', 'store URL must not be empty, expected a folder (a path or file:///absolute/path) or s3://bucket'],
    ['file://bucket', 'store URL must be file:///absolute/path or a plain path, got file://bucket'],
    [
      'memory:',
      'store memory: lives within one process only, expected a folder (a path or file:///absolute/path) or s3://bucket',
    ],
    [
      'gs://bucket',
      'store gs://bucket is of a kind that is not supported, expected a folder (a path or file:///absolute/path) or s3://bucket',
    ],
    ['s3://bucket/folder', 'store URL must be s3://bucket, a whole bucket, got s3://bucket/folder'],
    ['s3://My_Bucket', 'store URL must be s3://bucket, a whole bucket, got s3://My_Bucket'],
    ['s3:bucket', 'store URL must be s3://bucket, a whole bucket, got s3:bucket'],
  ])('refuses %j', (url, message) => {
    expect(() => openStore(url)).toThrow(new Error(message));
  });
});
