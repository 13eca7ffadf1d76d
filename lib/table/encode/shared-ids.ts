import { type Database, query } from '../database.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { firstId } from '../kinds/id-sources.ts';

type SharedRow = readonly [row: number, rowBefore: number];

/**
 * Returns the rows of an embedding table that stand for the same value in two encoders, as pairs of the row in
 * `encoder` and the row in `before`. There are none if the id source has changed. Both encoders must be in the
 * database.
 */
export async function sharedIds(
  database: Database,
  name: string,
  { encoder, before }: { readonly encoder: Encoder; readonly before: Encoder },
): Promise<SharedRow[]> {
  const tableBefore = before.embeddings.find((table) => table.name === name);
  if (tableBefore === undefined) return [];
  const [ids, idsBefore] = [embeddingTable(encoder, name).ids, tableBefore.ids];
  const rows = (tables: Encoder['tables']) => tables.find((table) => table.name === name)?.rows ?? 0;
  const firstRows = () => sameRows(Math.min(rows(encoder.tables), rows(before.tables)));
  switch (ids.kind) {
    case 'vocabulary': {
      if (idsBefore.kind !== 'vocabulary') return [];
      const unknown = Math.min(firstId(ids), firstId(idsBefore));
      return [...sameRows(unknown), ...(await sharedValues(database, name, encoder, before))];
    }
    case 'hash': {
      const isSame = idsBefore.kind === 'hash' && idsBefore.buckets === ids.buckets && idsBefore.seed === ids.seed;
      return isSame ? firstRows() : [];
    }
    case 'ids':
    case 'quantiles':
      return idsBefore.kind === ids.kind ? firstRows() : [];
    default:
      return ids satisfies never;
  }
}

async function sharedValues(database: Database, name: string, encoder: Encoder, before: Encoder): Promise<SharedRow[]> {
  const [now, then] = [encoder.vocabularies[name]?.table, before.vocabularies[name]?.table];
  const shared = await query(
    database,
    `SELECT now.id AS now, earlier.id AS earlier FROM ${now} now JOIN ${then} earlier ON CAST(now.value AS VARCHAR) = CAST(earlier.value AS VARCHAR) ORDER BY now.id`,
  );
  return shared.map((row) => [Number(row.now), Number(row.earlier)] as const);
}

function sameRows(rows: number): SharedRow[] {
  return Array.from({ length: rows }, (_, row) => [row, row] as const);
}
