/**
 * Records: small JSON objects by which processes agree. Each is checked against its schema when it is read; the value
 * is the stored one, with members that only a later release knows.
 */

import type { z } from 'zod';
import { listed } from '../numbers/text.ts';
import { ObjectNotFoundError, type Store, type StoredObject } from './store.ts';

/** Thrown where a stored record is not what it must be. */
export class InvalidRecordError extends Error {
  override readonly name = 'InvalidRecordError';
}

/** What a record must be. */
export interface RecordKind<Value> {
  /** The only value of the record's `formatVersion` that this release reads; absent where the record has none. */
  readonly formatVersion?: number;
  /** Checks and changes nothing: defaults and transforms have no effect on what is read. */
  readonly schema: z.ZodType<Value, Value>;
}

/** A record, with the etag that a conditional write expects and the version that was read. */
export interface Stored<Value> {
  readonly value: Value;
  readonly etag: string;
  readonly versionId: string;
}

/** Where a record is. */
export interface RecordPlace {
  readonly key: string;
  /** @default the current version */
  readonly versionId?: string;
  /** Its name in messages. @default the key */
  readonly what?: string;
}

/** The object; `null` where there is none. */
export async function getIfPresent(store: Store, key: string, versionId?: string): Promise<StoredObject | null> {
  try {
    return await store.get(key, versionId === undefined ? {} : { versionId });
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  }
}

/**
 * Reads a record; `null` where there is none.
 * @throws {InvalidRecordError} where another release wrote it, or naming every problem.
 */
export async function readRecord<Value>(
  store: Store,
  kind: RecordKind<Value>,
  { key, versionId, what = key }: RecordPlace,
): Promise<Stored<Value> | null> {
  const object = await getIfPresent(store, key, versionId);
  if (object === null) return null;
  const value = parseRecord(kind, new TextDecoder().decode(object.body), what, store.url);
  return { value, etag: object.etag, versionId: object.versionId };
}

/**
 * The value of a record's text; `what` and `storeUrl` say in messages which record it is.
 * @throws {InvalidRecordError} where another release wrote it, or naming every problem.
 */
export function parseRecord<Value>(
  { formatVersion, schema }: RecordKind<Value>,
  text: string,
  what: string,
  storeUrl: string,
): Value {
  const value = jsonFrom(text, what, storeUrl);
  const got = formatOf(value);
  if (formatVersion !== undefined && got !== undefined && got !== formatVersion)
    throw new InvalidRecordError(
      `format of ${what} is ${got}, expected ${formatVersion}: another release wrote it (in ${storeUrl})`,
    );
  const { success, error } = schema.safeParse(value);
  if (success) return value as Value;
  throw new InvalidRecordError(`${what} is not valid: ${listed(problemsOf(error), '; ')} (in ${storeUrl})`);
}

/** Returns each problem of a JSON document, with the path of its member. */
export function problemsOf({ issues }: z.ZodError): string[] {
  return issues.map(({ path, message }) => {
    const missing = /^Invalid input: expected (.+), received undefined$/.exec(message);
    return `${path.join('.') || 'body'}: ${missing === null ? lowerCaseFirst(message) : `missing, expected ${missing[1]}`}`;
  });
}

/** The text under which a record is stored. */
export function recordText(record: object): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

function formatOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'formatVersion' in value ? value.formatVersion : undefined;
}

function jsonFrom(text: string, what: string, storeUrl: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidRecordError(`${what} is not JSON, got ${start(text)} (in ${storeUrl})`, { cause });
  }
}

function start(text: string): string {
  return text.length <= 40 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 40))}...`;
}

function lowerCaseFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
