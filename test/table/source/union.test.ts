/** Logs whose files have different columns. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findColumn } from '../../../lib/table/columns.ts';
import { query } from '../../../lib/table/database.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { workplace } from '../fixture.ts';

const place = workplace();
let folders = 0;

/** Writes files (SQL, or the text of a CSV file), and returns the rows of the needed columns, and what was noted. */
async function read(files: Readonly<Record<string, string>>, needed: readonly string[]) {
  folders += 1;
  const folder = `drift${folders}`;
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(place.at(`${folder}/${name}`)), { recursive: true });
    if (/\.csv$/.test(name)) await writeFile(place.at(`${folder}/${name}`), content);
    else await place.write(`${folder}/${name}`, content);
  }
  const source = await openSource(place.database, folder, { cwd: place.at('.'), needed });
  const columns = needed.map((name, index) => `${findColumn(source.relation, name)?.sql ?? 'NULL'} AS v${index}`);
  const rows = await query(place.database, `SELECT ${columns.join(', ')} FROM ${source.relation.from} ORDER BY "#row"`);
  // Malformed rows may come later: nothing but their rejection depends on their order.
  const scanned = await query(
    place.database,
    `SELECT "#row" AS row FROM ${source.relation.from} WHERE "#malformed" IS NULL`,
  );
  const numbers = scanned.map(({ row }) => Number(row));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  const types = needed.map((name) => findColumn(source.relation, name)?.type);
  return { rows: rows.map(Object.values), types, notes: source.notes.map((note) => note.replaceAll(folder, 'log')) };
}

describe('files of a log', () => {
  it('may have their columns in any order, and more columns', async () => {
    const files = { 'a.parquet': 'SELECT 1 AS a, 2 AS b', 'b.parquet': "SELECT 'x' AS debug, 4 AS b, 3 AS a" };
    expect(await read(files, ['a', 'b'])).toEqual({
      rows: [
        [1, 2],
        [3, 4],
      ],
      types: ['INTEGER', 'INTEGER'],
      notes: [],
    });
  });

  it('may differ in the type of a column that is not needed', async () => {
    const files = { 'a.parquet': 'SELECT 1 AS a, [1] AS b', 'b.parquet': "SELECT 2 AS a, 'x' AS b" };
    expect(await read(files, ['a'])).toEqual({ rows: [[1], [2]], types: ['INTEGER'], notes: [] });
  });

  it('may have a name in another case, which is told', async () => {
    const files = { 'a.parquet': 'SELECT 1 AS age', 'b.parquet': 'SELECT 2 AS "Age"', 'c.csv': 'AGE\n3\n' };
    expect(await read(files, ['age'])).toEqual({
      rows: [['1'], ['2'], ['3']],
      types: ['VARCHAR'],
      notes: [
        'column age is called Age in 2 of 3 files, such as log/b.parquet',
        'column age is INTEGER in log/a.parquet and VARCHAR in log/c.csv: it is read as text',
      ],
    });
  });

  it('may lack a column, which is told, and whose values are missing', async () => {
    const files = { 'a.parquet': 'SELECT 1 AS a, 2 AS b', 'b.parquet': 'SELECT 3 AS a' };
    expect(await read(files, ['a', 'b', 'c'])).toEqual({
      rows: [
        [1, 2, null],
        [3, null, null],
      ],
      types: ['INTEGER', 'INTEGER', undefined],
      notes: ['column b is absent in 1 of 2 files, such as log/b.parquet: its values are missing there'],
    });
  });

  it.each([
    ['1::INTEGER', '4000000000::BIGINT', 'BIGINT', [1n, 4000000000n], 'BIGINT'],
    ['1::TINYINT', '2::UBIGINT', 'HUGEINT', [1n, 2n], 'HUGEINT'],
    ['9007199254740993::BIGINT', '1.5::DOUBLE', 'VARCHAR', ['9007199254740993', '1.5'], 'text'],
    ['7::BIGINT', '7.0::DOUBLE', 'VARCHAR', ['7', '7'], 'text'],
    ['1.50::DECIMAL(10,2)', '2.5::DECIMAL(12,4)', 'VARCHAR', undefined, 'text'],
    ['1::BIGINT', "'x'", 'VARCHAR', ['1', 'x'], 'text'],
    ['[1, 2]', "['a']", 'VARCHAR[]', [['1', '2'], ['a']], 'text'],
  ])('may have a column as %s and as %s', async (first, second, type, values, how) => {
    const files = { 'a.parquet': `SELECT ${first} AS a`, 'b.parquet': `SELECT ${second} AS a` };
    const { rows, types, notes } = await read(files, ['a']);
    if (values !== undefined) expect(rows.flat(1)).toEqual(values);
    expect(types).toEqual([type]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      new RegExp(`^column a is .+ in log/a\\.parquet and .+ in log/b\\.parquet: it is read as ${how}$`),
    );
  });

  it.each(['INTEGER', 'BLOB', 'VARCHAR', 'DOUBLE', 'INTEGER[]'])(
    'may have a column of type %s without any value beside one of another type',
    async (type) => {
      const files = {
        'a.parquet': `SELECT CAST(NULL AS ${type}) AS a, 1 AS b`,
        'b.parquet': "SELECT ['x'] AS a, 2 AS b",
      };
      expect(await read(files, ['a', 'b'])).toEqual({
        rows: [
          [null, 1],
          [['x'], 2],
        ],
        types: ['VARCHAR[]', 'INTEGER'],
        notes: [],
      });
    },
  );

  it('may have a column without a value in any file, whatever its type is', async () => {
    expect(await read({ 'a.parquet': 'SELECT 1 AS a, CAST(NULL AS INTEGER) AS b' }, ['a', 'b'])).toEqual({
      rows: [[1, null]],
      types: ['INTEGER', '"NULL"'],
      notes: [],
    });
  });

  it('may have text as bytes', async () => {
    const files = { 'a.parquet': "SELECT encode('é') AS a", 'b.parquet': "SELECT 'x' AS a" };
    expect(await read(files, ['a'])).toMatchObject({ rows: [['é'], ['x']], types: ['VARCHAR'] });
    for (const value of ["'\\xFF\\x00'::BLOB", "['a'::BLOB, NULL, '\\xFF\\x00'::BLOB]"])
      await expect(read({ 'a.parquet': `SELECT ${value} AS a` }, ['a'])).rejects.toMatchObject({
        code: 'column_types',
        message: `column a has bytes that are not text in UTF-8: write it as text, such as hexadecimal (in drift${folders}/a.parquet)`,
      });
  });

  it('may be of both formats, those of Parquet first, with malformed rows where they are', async () => {
    const files = { 'a.csv': 'b,a\nx,1\ny\n', 'b.parquet': "SELECT 2 AS a, 'z' AS b", 'c.csv': 'a,b\n3,w\n' };
    const { rows, notes } = await read(files, ['a', 'b']);
    expect(rows).toEqual([
      ['2', 'z'],
      ['1', 'x'],
      [null, null],
      ['3', 'w'],
    ]);
    expect(notes).toEqual(['column a is INTEGER in log/b.parquet and VARCHAR in log/a.csv: it is read as text']);
  });

  it('may have columns in their paths, if they do not have these themselves', async () => {
    const files = {
      'country=DE/city=K%C3%B6ln/a.parquet': 'SELECT 1 AS a',
      'country=FR/city=__HIVE_DEFAULT_PARTITION__/a.parquet': 'SELECT 2 AS a',
      'country=IT/city=Roma/a.parquet': 'SELECT 3 AS a, \'own\' AS "Country"',
    };
    expect((await read(files, ['a', 'country', 'city'])).rows).toEqual([
      [1, 'DE', 'Köln'],
      [2, 'FR', null],
      [3, 'own', 'Roma'],
    ]);
  });

  it('are read in the order of their columns where these change all the time', async () => {
    const names = Array.from(
      { length: 450 },
      (_, index) => [index, `${String(index).padStart(3, '0')}.parquet`] as const,
    );
    const files = Object.fromEntries(
      names.map(([index, name]) => [name, `SELECT ${index % 2 === 0 ? index : `'${index}'`} AS a`]),
    );
    const { rows } = await read(files, ['a']);
    expect(rows.flat().map(Number)).toEqual([
      ...names.flatMap(([index]) => (index % 2 === 0 ? index : [])),
      ...names.flatMap(([index]) => (index % 2 === 1 ? index : [])),
    ]);
  });
});

describe('files of a log are refused', () => {
  it('where a column is a list in one and none in another', async () => {
    const files = { 'a.parquet': 'SELECT [1] AS a', 'b.parquet': "SELECT 'x' AS a" };
    await expect(read(files, ['a'])).rejects.toMatchObject({
      code: 'columns_differ',
      message: `column a is INTEGER[] in drift${folders}/a.parquet and VARCHAR in drift${folders}/b.parquet, which are not read as one: write it in one type`,
    });
  });

  it('where one has nothing to do with the others', async () => {
    const files = { 'a.parquet': 'SELECT 1 AS a', 'b.parquet': 'SELECT 2 AS other' };
    await expect(read(files, ['a'])).rejects.toMatchObject({
      code: 'columns_missing',
      message: `drift${folders}/b.parquet has none of the columns of the other files: got other, expected a`,
    });
  });
});
