/**
 * Random numbers by counter: each is a function of seed, stream and index only. Initial values, the order of rows and
 * dropout masks therefore do not depend on the order of the calls, and a resumed training draws the same numbers as an
 * uninterrupted one.
 */

/** A stream of random numbers, addressed by index. */
export interface RandomStream {
  /** `bits(index)` is `mix(key + index * 0x9e3779b1)`, in 32-bit integers, for every index below 2^32. */
  readonly key: number;
  /** Returns 32 random bits as an unsigned integer. */
  bits(index: number): number;
  /** Returns a number that is uniform in [0, 1). */
  uniform(index: number): number;
}

/** Returns the stream of a seed and a name, such as `order/3` or `embedding/item`. */
export function randomStream(seed: number, name: string): RandomStream {
  let key = mix(seed ^ Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
  for (let i = 0; i < name.length; i++) key = mix(key ^ name.charCodeAt(i)) + 0x9e3779b9;
  const bits = (index: number): number => {
    const high = mix(key ^ Math.floor(index / 2 ** 32));
    return mix(high + Math.imul(index | 0, 0x9e3779b1)) >>> 0;
  };
  return { key: mix(key), bits, uniform: (index) => bits(index) / 2 ** 32 };
}

/** Returns the numbers 0 .. size - 1 in random order (Fisher-Yates). */
export function permutation(size: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const other = Math.floor(random.uniform(i) * (i + 1));
    const held = order[i] as number;
    order[i] = order[other] as number;
    order[other] = held;
  }
  return order;
}

/** The finaliser of MurmurHash3 (Appleby): every input bit changes every output bit with probability near one half. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
