/**
 * Random draws as SQL. Each is a function of the seed, of what is drawn and of a number alone, by MD5: the same on every
 * machine, with any threads and any cutting into files.
 */
import { literal } from '../table/database.ts';

/** Returns the SQL of 128 random bits (UHUGEINT) for a number of some kind, such as the row or the user. */
export function bits(seed: number, kind: string, number: string): string {
  return `md5_number(concat(${literal(`${seed}:${kind}:`)}, ${number}))`;
}

/** Returns the SQL of the upper, or the lower, 64 of 128 bits. */
export function half(bits128: string, which: 'upper' | 'lower'): string {
  return which === 'upper'
    ? `CAST(${bits128} >> 64 AS UBIGINT)`
    : `CAST(${bits128} & CAST(18446744073709551615 AS UHUGEINT) AS UBIGINT)`;
}

/** Returns the SQL of 32 of 64 bits, as a BIGINT. */
export function word(bits64: string, which: 'upper' | 'lower'): string {
  return which === 'upper' ? `CAST(${bits64} >> 32 AS BIGINT)` : `CAST(${bits64} & 4294967295 AS BIGINT)`;
}

/** Returns the SQL of a number that is uniform in [0, 1), by the upper 53 of 64 bits. */
export function uniform(bits64: string): string {
  return `(CAST(${bits64} >> 11 AS DOUBLE) * ${2 ** -53})`;
}

/** Returns the SQL of a number that is uniform in [0, 1), of 32 bits. */
export function uniformOfWord(bits32: string): string {
  return `(CAST(${bits32} AS DOUBLE) * ${2 ** -32})`;
}

/** Returns the SQL of a standard normal number by the method of Box and Muller, of 64 bits. */
export function normal(bits64: string): string {
  // 1 - u is above 0.
  const radius = `sqrt(-2 * ln(1 - ${uniformOfWord(word(bits64, 'upper'))}))`;
  return `(${radius} * cos(${2 * Math.PI} * ${uniformOfWord(word(bits64, 'lower'))}))`;
}

/** Returns the SQL of a standard normal effect of a value, which depends on the value alone. */
export function effect(seed: number, kind: string, value: string): string {
  return normal(`md5_number_lower(concat(${literal(`${seed}:${kind}:`)}, ${value}))`);
}

/**
 * Returns the SQL of an id from 1 to `count` by Zipf's law: the density of a number of [1, count + 1) falls with its
 * power of the exponent, and the id is the number rounded down.
 */
export function zipf(uniformSql: string, count: number, exponent: number): string {
  const most = count + 1;
  const power = 1 - exponent;
  const value =
    Math.abs(power) < 1e-9
      ? `exp(${uniformSql} * ${Math.log(most)})`
      : `pow(1 + ${uniformSql} * ${most ** power - 1}, ${1 / power})`;
  // Rounding may reach the end of the range.
  return `LEAST(${count}, CAST(floor(${value}) AS BIGINT))`;
}
