/**
 * The published hash, for hash buckets, unknown buckets, the split and the group.
 *
 * hash(seed, text) = the last eight bytes of md5(utf8(seed in decimal, ':', text)), read as an unsigned little-endian
 * integer; DuckDB calls it `md5_number_lower`. In Python:
 * `int.from_bytes(hashlib.md5(f'{seed}:{text}'.encode()).digest()[8:], 'little')`.
 */

const TWO_TO_64 = 2 ** 64;

/** SQL of the hash of a text expression: UBIGINT. */
export function hashSql(seed: number, text: string): string {
  return `md5_number_lower('${seed}:' || ${text})`;
}

/** SQL of the hash modulo `buckets`: BIGINT in 0 .. buckets - 1. */
export function bucketSql(seed: number, text: string, buckets: number): string {
  return buckets === 1 ? '0' : `CAST(${hashSql(seed, text)} % ${buckets} AS BIGINT)`;
}

/** SQL of the hash's upper 53 bits, which a JavaScript number holds exactly: DOUBLE. */
export function groupHashSql(text: string): string {
  return `CAST(${hashSql(0, text)} >> 11 AS DOUBLE)`;
}

/** The hash below which a share of all hashes lies, as SQL; the share is below 1. */
export function hashThreshold(share: number): string {
  return `CAST(${BigInt(Math.round(share * TWO_TO_64))} AS UBIGINT)`;
}
