/** The bytes of arrays that may be larger than an array of bytes can be. */

/** Most bytes of a Uint8Array in Node.js 20. */
const MOST_BYTES = 2 ** 32;

/** Returns views of the bytes of an array, one after the other: a single one unless it has more than `most` bytes. */
export function byteViews(
  { buffer, byteOffset, byteLength }: ArrayBufferView,
  most = MOST_BYTES,
): readonly Uint8Array[] {
  return Array.from({ length: Math.max(1, Math.ceil(byteLength / most)) }, (_, piece) => {
    const from = piece * most;
    return new Uint8Array(buffer, byteOffset + from, Math.min(most, byteLength - from));
  });
}

/** Returns these views with names: that of the array, or for several pieces `<name>/0`, `<name>/1`, ... */
export function namedBytes(
  name: string,
  values: ArrayBufferView,
  most = MOST_BYTES,
): readonly (readonly [name: string, bytes: Uint8Array])[] {
  const views = byteViews(values, most);
  return views.map((bytes, piece) => [views.length === 1 ? name : `${name}/${piece}`, bytes]);
}
