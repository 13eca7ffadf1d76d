/** Objects too large to make: most of their bytes are one stretch over and over, and every range of them can be read. */
import type { ByteRange, Store } from '../../lib/store/store.ts';

export interface RepeatedObject {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
  /** How often the body follows the head. */
  readonly times: number;
  readonly tail: Uint8Array;
}

export function sizeOfRepeated({ head, body, times, tail }: RepeatedObject): number {
  return head.length + body.length * times + tail.length;
}

/** The bytes of a range; an end behind the object's is cut. */
export function readRepeated(object: RepeatedObject, { start, end }: ByteRange): Buffer {
  const bytes = Buffer.alloc(Math.max(0, Math.min(end, sizeOfRepeated(object)) - start));
  for (let filled = 0; filled < bytes.length; ) {
    const stretch = stretchAt(object, start + filled);
    bytes.set(stretch.subarray(0, bytes.length - filled), filled);
    filled += stretch.length;
  }
  return bytes;
}

/** What follows a position, up to where the bytes go on elsewhere. */
function stretchAt({ head, body, times, tail }: RepeatedObject, position: number): Uint8Array {
  if (position < head.length) return head.subarray(position);
  const behind = position - head.length;
  if (behind >= body.length * times) return tail.subarray(behind - body.length * times);
  return body.subarray(behind % body.length);
}

/** The same store with such an object under a key. */
export function withRepeated(store: Store, key: string, object: RepeatedObject): Store {
  const size = sizeOfRepeated(object);
  const info = { key, size, etag: 'repeated', versionId: 'repeated', metadata: {} };
  return {
    ...store,
    head: async (asked, versionId) => (asked === key ? info : store.head(asked, versionId)),
    async get(asked, options) {
      if (asked !== key) return store.get(asked, options);
      if (options?.range === undefined) throw new RangeError(`${key} is too large to be read as a whole`);
      return { ...info, body: readRepeated(object, options.range) };
    },
  };
}
