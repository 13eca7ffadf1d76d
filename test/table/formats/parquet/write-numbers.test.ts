import { describe, expect, it } from 'vitest';
import { literal, query } from '../../../../lib/table/database.ts';
import { type Numbers, NumbersFile } from '../../../../lib/table/formats/parquet/write-numbers.ts';
import { workplace } from '../../fixture.ts';

const place = workplace();

const COLUMNS = [
  { name: '#row', type: 'DOUBLE' },
  { name: 'größe "π"', type: 'FLOAT' },
] as const;

/** Writes rows in pieces, and returns the SQL that reads them. */
async function write(name: string, mostRows: number, pieces: readonly (readonly Numbers[])[]): Promise<string> {
  const file = await NumbersFile.create(place.at(name), COLUMNS, mostRows);
  for (const piece of pieces) await file.append(piece);
  await file.end();
  return `read_parquet(${literal(place.at(name))}, file_row_number = true)`;
}

/** Columns whose rows follow from their numbers. */
function piece(first: number, rows: number): Numbers[] {
  const numbers = Float64Array.from({ length: rows }, (_, i) => first + i);
  return [numbers, Float32Array.from(numbers, (number) => number / 3)];
}

describe('a file of numbers', () => {
  it('has the rows of all pieces in their order, in row groups', async () => {
    const pieces = [piece(0, 1), piece(1, 122_879), piece(122_880, 150_000), piece(272_880, 7)];
    const rows = await write('pieces.parquet', 1_000_000, pieces);
    const wrong = `"#row" <> file_row_number OR "größe ""π""" <> CAST(file_row_number / 3 AS FLOAT)`;
    expect(
      await query(place.database, `SELECT count(*) AS rows, count(*) FILTER (${wrong}) AS wrong FROM ${rows}`),
    ).toEqual([{ rows: 272_887n, wrong: 0n }]);
    const groups = `SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(${literal(place.at('pieces.parquet'))}) ORDER BY ALL`;
    expect(await query(place.database, groups)).toEqual([
      { row_group_id: 0n, row_group_num_rows: 122_880n },
      { row_group_id: 1n, row_group_num_rows: 122_880n },
      { row_group_id: 2n, row_group_num_rows: 27_127n },
    ]);
  });

  it('takes more rows than were foreseen', async () => {
    const rows = await write('more.parquet', 2, [piece(0, 5)]);
    expect(await query(place.database, `SELECT "#row" AS row FROM ${rows}`)).toEqual(
      [0, 1, 2, 3, 4].map((row) => ({ row })),
    );
  });

  it('keeps every bit of numbers', async () => {
    const values = [Number.NaN, Number.NEGATIVE_INFINITY, -0, 2 ** -149, 3.4028234663852886e38];
    const rows = await write('bits.parquet', 5, [[Float64Array.from(values), Float32Array.from(values)]]);
    const read = await query(place.database, `SELECT "#row" AS wide, "größe ""π""" AS narrow FROM ${rows}`);
    expect(read).toEqual(values.map((value) => ({ wide: value, narrow: value })));
  });

  it('can have no rows', async () => {
    const rows = await write('none.parquet', 0, []);
    expect(await query(place.database, `SELECT * FROM ${rows}`)).toEqual([]);
    const described = await query(place.database, `DESCRIBE SELECT * EXCLUDE file_row_number FROM ${rows}`);
    expect(described.map(({ column_name, column_type }) => [column_name, column_type])).toEqual(
      COLUMNS.map(({ name, type }) => [name, type]),
    );
  });
});
