import { type ObjectInfo, ObjectNotFoundError, PreconditionFailedError, type Store } from './store.ts';

/** What a conditional write is made with. */
export interface ConditionalWriter {
  readonly store: Store;
  /** An id that no other writer has, for each conditional write. */
  readonly newWriterId: () => string;
  /** Called for every write that was made, those whose response was lost included. */
  readonly onWritten?: (put: ConditionalPut) => void;
}

export interface ConditionalPut {
  readonly key: string;
  readonly content: string | { readonly path: string };
  /** The etag that the object must still have; `null` where there must be none. */
  readonly expected: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes the object where the condition holds, and returns what was written; `null` where another write stands, or the
 * expected object is gone: the caller reads it back and obeys. A client that repeats a write whose response was lost is
 * refused because of its own object; so each write carries an id, and an object with that id is success.
 */
export async function putConditionally(
  { store, newWriterId, onWritten }: ConditionalWriter,
  put: ConditionalPut,
): Promise<ObjectInfo | null> {
  const written = await write(store, put, newWriterId());
  if (written !== null) onWritten?.(put);
  return written;
}

async function write(
  store: Store,
  { key, content, expected, metadata }: ConditionalPut,
  writer: string,
): Promise<ObjectInfo | null> {
  const condition = expected === null ? { ifAbsent: true } : { ifMatch: expected };
  const options = { ...condition, metadata: { ...metadata, writer } };
  try {
    if (typeof content === 'string') return await store.put(key, content, options);
    return await store.putFile(key, content.path, options);
  } catch (error) {
    if (!(error instanceof PreconditionFailedError || error instanceof ObjectNotFoundError)) throw error;
    const found = await store.head(key);
    return found?.metadata.writer === writer ? found : null;
  }
}
