/** Synthetic data of the paper's shape: 20 fields of 18 dimensions, a million ids, towers of 200 and 80 units. */
import type { Declaration } from '../lib/config/declaration.ts';
import { parseDeclaration } from '../lib/config/parse-declaration.ts';
import { type Database, execute, literal } from '../lib/table/database.ts';

/** Number of fields. */
export const FIELDS = 20;
/** Number of ids of all fields together. */
export const IDS = 1_000_000;

/** Returns the declaration of fields of equal size whose values are ids; half are user fields, half item fields. */
export function syntheticDeclaration(ids: number = IDS): Declaration {
  return parseDeclaration(declarationText(ids), 'bench');
}

/** Returns the text of that declaration. */
export function declarationText(ids: number): string {
  const fields = Array.from(
    { length: FIELDS },
    (_, i) => `  f${i}: { type: category, entity: ${i < FIELDS / 2 ? 'user' : 'item'}, ids: ${ids / FIELDS} }`,
  );
  return `name: bench
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [row] }
split: { hash: row, validation: 0.05, test: 0.05 }
training: { batch_size: 4096, epochs: 1, patience: null }
features:
${fields.join('\n')}
`;
}

/**
 * Writes a Parquet file of rows whose ids are log-uniform, skewed as in real logs, and whose labels depend on two
 * fields.
 */
export async function writeSynthetic(
  database: Database,
  path: string,
  rows: number,
  distinct: number = IDS,
): Promise<void> {
  const uniform = (salt: number) => `(md5_number_lower(concat(i, ':', ${salt})) / 18446744073709551616.0)`;
  const ids = Array.from(
    { length: FIELDS },
    (_, k) => `CAST(floor(pow(${distinct / FIELDS}, ${uniform(k)})) - 1 AS INTEGER) AS f${k}`,
  );
  await execute(
    database,
    `COPY (
      SELECT *, CAST(click = 1 AND ${uniform(101)} < 0.02 + 0.1 * (f10 % 7 = 0)::INT AS TINYINT) AS conversion FROM (
        SELECT *, CAST(${uniform(100)} < 0.02 + 0.06 * (f0 % 5 = 0)::INT AS TINYINT) AS click FROM (
          SELECT i, i AS row, ${ids.join(', ')} FROM range(${rows}) AS t(i))))
     TO ${literal(path)} (FORMAT parquet)`,
  );
}
