/**
 * The published hash, used for hash buckets, unknown buckets, the split and the buckets of feature tables.
 *
 * hash(seed, text) = the last eight bytes of md5(utf8(seed in decimal, ':', text)), read as an unsigned little-endian
 * integer; DuckDB calls it `md5_number_lower`. In Python:
 * `int.from_bytes(hashlib.md5(f'{seed}:{text}'.encode()).digest()[8:], 'little')`.
 */

const TWO_TO_64 = 2 ** 64;

/** Returns the SQL, of type UBIGINT, of the hash of a text, or of an integer's digits. */
export function hashSql(seed: number, text: string): string {
  return `md5_number_lower('${seed}:' || CAST(${text} AS VARCHAR))`;
}

/** Returns the SQL, of type BIGINT, of the hash of a text modulo `buckets`. */
export function bucketSql(seed: number, text: string, buckets: number): string {
  return buckets === 1 ? '0' : `CAST(${hashSql(seed, text)} % ${buckets} AS BIGINT)`;
}

/** Returns the SQL, of type UBIGINT, of the hash below which a given share of all hashes is. The share is below 1. */
export function hashThreshold(share: number): string {
  return `CAST(${BigInt(Math.round(share * TWO_TO_64))} AS UBIGINT)`;
}
