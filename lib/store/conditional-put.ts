import type { ScoringDependencies } from '../scoring/protocol/ports.ts';
import { ObjectNotFoundError, PreconditionFailedError } from './store.ts';

export interface ConditionalPut {
  readonly key: string;
  readonly content: string | { readonly path: string };
  /** The etag that the object must still have; `null` where there must be none. */
  readonly expected: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes the object where the condition holds. False says that another's write stands, or that the expected object is
 * gone: read back and obey. A client that repeats a write whose answer was lost is refused by its own object, so each
 * write carries an id, and finding it is success.
 */
export async function putConditionally(
  { store, newWriterId }: Pick<ScoringDependencies, 'store' | 'newWriterId'>,
  { key, content, expected, metadata }: ConditionalPut,
): Promise<boolean> {
  const writer = newWriterId();
  const condition = expected === null ? { ifAbsent: true } : { ifMatch: expected };
  const options = { ...condition, metadata: { ...metadata, writer } };
  try {
    if (typeof content === 'string') await store.put(key, content, options);
    else await store.putFile(key, content.path, options);
    return true;
  } catch (error) {
    if (!(error instanceof PreconditionFailedError || error instanceof ObjectNotFoundError)) throw error;
    return (await store.head(key))?.metadata.writer === writer;
  }
}
