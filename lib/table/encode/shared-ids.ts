import type { IdSource } from '../../config/declaration.ts';
import { type Database, query } from '../database.ts';
import { type Encoder, firstId, tableOf } from './encoder.ts';

/**
 * Rows of an embedding table that stand for the same value in two encoders, as pairs of the row in `encoder` and that in
 * `before`; none where the table is of another kind. Both encoders must be in the database.
 */
export async function sharedIds(
  database: Database,
  name: string,
  { encoder, before }: { readonly encoder: Encoder; readonly before: Encoder },
): Promise<(readonly [row: number, rowBefore: number])[]> {
  const old = before.embeddings.find((table) => table.name === name);
  if (old === undefined) return [];
  const [ids, idsBefore] = [tableOf(encoder, name).ids, old.ids];
  if (ids.kind === 'vocabulary' && idsBefore.kind === 'vocabulary') {
    const [now, then] = [encoder.vocabularies[name]?.table, before.vocabularies[name]?.table];
    const shared = await query(
      database,
      `SELECT now.id AS now, earlier.id AS earlier FROM ${now} now JOIN ${then} earlier ON CAST(now.value AS VARCHAR) = CAST(earlier.value AS VARCHAR) ORDER BY now.id`,
    );
    const unknown = Math.min(firstId(ids), firstId(idsBefore));
    return [...sameRows(unknown), ...shared.map((row) => [Number(row.now), Number(row.earlier)] as const)];
  }
  if (!isSameKind(ids, idsBefore)) return [];
  const rows = (tables: Encoder['tables']) => tables.find((table) => table.name === name)?.rows ?? 0;
  return sameRows(Math.min(rows(encoder.tables), rows(before.tables)));
}

/** Whether the same row stands for the same value, as far as both tables go. */
function isSameKind(ids: IdSource, before: IdSource): boolean {
  if (ids.kind === 'hash') return before.kind === 'hash' && before.buckets === ids.buckets;
  return ids.kind !== 'vocabulary' && ids.kind === before.kind;
}

function sameRows(rows: number): (readonly [number, number])[] {
  return Array.from({ length: rows }, (_, row) => [row, row] as const);
}
