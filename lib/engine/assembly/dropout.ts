/**
 * Fills a dropout mask: mask[i - from] is 0 or `kept`, for from <= i < to, by the 32 random bits of index i of a stream
 * (`randomStream` in lib/numbers/random.ts, whose `bits` this repeats): 0 where they are below `threshold`.
 */
export function dropout(mask: usize, from: i32, to: i32, key: i32, threshold: u32, kept: f32): void {
  const lanes = i32x4(0, 1, 2, 3);
  const limit = i32x4.splat(threshold);
  let at = mask, i = from;
  for (; i + 4 <= to; i += 4) {
    const bits = mix4(i32x4.add(i32x4.splat(key), i32x4.mul(i32x4.add(i32x4.splat(i), lanes), i32x4.splat(0x9e3779b1))));
    v128.store(at, v128.andnot(f32x4.splat(kept), i32x4.lt_u(bits, limit)));
    at += 16;
  }
  for (; i < to; i++) {
    const bits = i32x4.extract_lane(mix4(i32x4.splat(key + i * 0x9e3779b1)), 0);
    store<f32>(at, <u32>bits < threshold ? 0 : kept);
    at += 4;
  }
}

/** The finaliser of MurmurHash3 (Appleby), in four lanes. */
@inline
function mix4(value: v128): v128 {
  let h = i32x4.mul(v128.xor(value, i32x4.shr_u(value, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}
