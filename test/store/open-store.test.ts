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
    ['./a:b', pathToFileURL(join(process.cwd(), 'a:b')).href],
  ])('opens %s as %s', (url, expected) => {
    expect(openStore(url).url).toBe(expected);
  });

  it.each([
    ['', 'store URL must not be empty, expected a folder: a path or file:///absolute/path'],
    ['file://bucket', 'store URL must be file:///absolute/path or a plain path, got file://bucket'],
    ['memory:', 'store memory: lives within one process only, expected a folder: a path or file:///absolute/path'],
    [
      's3://bucket',
      'store s3://bucket is of a kind that is not supported, expected a folder: a path or file:///absolute/path',
    ],
  ])('refuses %j', (url, message) => {
    expect(() => openStore(url)).toThrow(new Error(message));
  });
});
