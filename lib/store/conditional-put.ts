/** Writes objects under a condition, safely also when the response to a write is lost. */
import { type ObjectInfo, ObjectNotFoundError, PreconditionFailedError, type Store } from './store.ts';

/** The store, and the ids and the callback of conditional writes to it. */
export interface ConditionalWriter {
  readonly store: Store;
  /** Returns a new, unique id for each conditional write. */
  readonly newWriterId: () => string;
  /** Called after every write that succeeded, also if its response was lost. */
  readonly onWritten?: (put: ConditionalPut) => void;
}

/** An object to write, and the condition. */
export interface ConditionalPut {
  readonly key: string;
  /** The text of the object, or the path of a local file with its bytes. */
  readonly content: string | { readonly path: string };
  /** The etag that the stored object must still have; `null` if there must be no object yet. */
  readonly expected: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes the object if the condition holds, and returns what was written. Returns `null` if it does not hold, because
 * another writer has written or deleted the object; the caller should then read it and go by what it finds.
 *
 * The client repeats a write whose response was lost, and the store refuses the repetition because the object is
 * already there. So each write puts a unique id into the metadata, and after a refusal an object with that id counts as
 * success.
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
