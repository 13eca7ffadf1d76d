/** Checks of arguments, the same for every store, so that a program which runs on a folder also runs on a bucket. */
import { RESERVED_FOLDER } from '../contract/bucket.ts';
import type { ByteRange, PutOptions } from './store.ts';

// S3's limit on a key, in UTF-8 bytes.
const MAX_KEY_BYTES = 1024;

/**
 * Refuses a key that is not a relative path of non-empty segments.
 * @throws {RangeError} naming the key.
 */
export function checkKey(key: string): void {
  if (key === '') throw new RangeError('key must not be empty');
  checkPrefix(key);
  if (key.split('/').includes('')) throw new RangeError(`key must not have empty segments, got ${key}`);
}

/**
 * Refuses a prefix that no key can have. The empty prefix is that of every key.
 * @throws {RangeError} naming the prefix.
 */
export function checkPrefix(prefix: string): void {
  const segments = prefix.split('/');
  if (prefix.startsWith('/') || segments.includes('..') || segments.includes('.'))
    throw new RangeError(`key must stay inside the store, got ${prefix}`);
  if (segments.slice(0, -1).includes('')) throw new RangeError(`key must not have empty segments, got ${prefix}`);
  if (prefix.includes('\0')) throw new RangeError(`key must not have NUL characters, got ${JSON.stringify(prefix)}`);
  if (segments[0] === RESERVED_FOLDER)
    throw new RangeError(
      `key must not begin with ${RESERVED_FOLDER}/, which the store keeps for itself, got ${prefix}`,
    );
  const bytes = Buffer.from(prefix);
  if (bytes.toString() !== prefix) throw new RangeError(`key must be valid Unicode, got ${JSON.stringify(prefix)}`);
  if (bytes.length > MAX_KEY_BYTES)
    throw new RangeError(
      `key must have at most ${MAX_KEY_BYTES} bytes, got ${bytes.length} (${prefix.slice(0, 40)}...)`,
    );
}

/**
 * Refuses what is not the prefix of a folder's keys.
 * @throws {RangeError} naming it.
 */
export function checkFolder(folder: string): void {
  checkPrefix(folder);
  if (folder !== '' && !folder.endsWith('/')) throw new RangeError(`folder must end in /, got ${folder}`);
}

/**
 * Refuses a write whose key, conditions or metadata S3 would not take.
 * @throws {RangeError}
 */
export function checkPut(key: string, { ifAbsent, ifMatch, metadata }: PutOptions): void {
  checkKey(key);
  if (ifAbsent && ifMatch !== undefined) throw new RangeError(`put takes ifAbsent or ifMatch, got both for ${key}`);
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (!/^[a-z0-9_-]+$/.test(name))
      throw new RangeError(`metadata name must be of a-z, 0-9, _ and -, got ${JSON.stringify(name)} for ${key}`);
    if (!/^[ -~]*$/.test(value))
      throw new RangeError(`metadata ${name} must be printable ASCII, got ${JSON.stringify(value)} for ${key}`);
  }
}

/**
 * Refuses a copy of an object onto itself.
 * @throws {RangeError}
 */
export function checkCopy(from: string, to: string): void {
  checkKey(from);
  checkKey(to);
  if (from === to) throw new RangeError(`copy must be to another key, got ${from} twice`);
}

/**
 * The range cut to an object of `size` bytes.
 * @throws {RangeError} where the range is empty, or begins at or after the object's end (HTTP 416).
 */
export function rangeWithin({ start, end }: ByteRange, size: number, key: string): ByteRange {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start)
    throw new RangeError(`byte range must have 0 <= start < end, got ${start} to ${end} of ${key}`);
  if (start >= size) throw new RangeError(`byte range must start inside the ${size} bytes of ${key}, got ${start}`);
  return { start, end: Math.min(end, size) };
}

/** Order of `list`: by UTF-8 bytes, which differs from JavaScript's order beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
