import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findColumn } from '../../../lib/table/columns.ts';
import { openDatabase, query } from '../../../lib/table/database.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { workplace } from '../fixture.ts';

const place = workplace({ threads: 2 });

async function rowsOf(path: string) {
  const source = await openSource(place.database, path);
  const columns = source.columns.map(({ name, sql }) => `${sql} AS "${name}"`).join(', ');
  const rows = await query(
    place.database,
    `SELECT "#row", "#malformed", ${columns} FROM ${source.relation.from} ORDER BY "#row"`,
  );
  return { source, rows: rows.map((row) => Object.values(row)) };
}

async function write(name: string, content: string | Buffer): Promise<string> {
  await writeFile(place.at(name), content);
  return place.at(name);
}

describe('a source', () => {
  it('may be one Parquet file, whose types stay', async () => {
    const path = await place.write('one.parquet', "SELECT 1::BIGINT AS a, 'x' AS b UNION ALL SELECT 2, NULL");
    const { source, rows } = await rowsOf(path);
    expect(source).toMatchObject({
      path,
      rows: 2,
      columns: [
        { name: 'a', type: 'BIGINT' },
        { name: 'b', type: 'VARCHAR' },
      ],
    });
    expect(rows).toEqual([
      [0n, null, 1n, 'x'],
      [1n, null, 2n, null],
    ]);
  });

  it.each([['one/a.csv'], ['one'], ['*/a.csv']])(
    'may be given by a path from a working directory: %s',
    async (path) => {
      await mkdir(place.at('work/one'), { recursive: true });
      await write('work/one/a.csv', 'a\n1\n');
      const source = await openSource(place.database, path, { cwd: place.at('work') });
      expect(source).toMatchObject({ path, rows: 1, files: [{ path: 'one/a.csv' }] });
      await write('work/one/a.csv', '"a\n1\n');
      await expect(openSource(place.database, path, { cwd: place.at('work') })).rejects.toThrow(
        'quote not closed in one/a.csv: the header does not end',
      );
    },
  );

  it('may be a folder, whose files are read in the order of their paths, with rows numbered over all of them', async () => {
    await mkdir(place.at('log/dt=2026-05-02'), { recursive: true });
    await mkdir(place.at('log/dt=2026-05-01'));
    await place.write('log/dt=2026-05-02/a.parquet', 'SELECT 3 AS a');
    await place.write('log/dt=2026-05-01/b.parquet', 'SELECT unnest([1, 2]) AS a');
    await write('log/_SUCCESS', '');
    const { source, rows } = await rowsOf(place.at('log'));
    expect(rows).toEqual([
      [0n, null, 1, '2026-05-01'],
      [1n, null, 2, '2026-05-01'],
      [2n, null, 3, '2026-05-02'],
    ]);
    expect(source.columns).toMatchObject([
      { name: 'a', type: 'INTEGER' },
      { name: 'dt', type: 'VARCHAR' },
    ]);
    expect((await rowsOf(place.at('log/*/b.parquet'))).rows.length).toBe(2);
  });

  it.each([
    'file_row_number',
    'FILE_INDEX',
    'filename',
    '#row',
    '#malformed',
    'rowid',
    'c0',
    'select',
    'row ',
    `a"b`,
    "a'b",
    'a;b',
    'x'.repeat(300),
  ])('may have a column called %s', async (name) => {
    await mkdir(place.at('names'), { recursive: true });
    const own = `"${name.replaceAll('"', '""')}"`;
    for (const file of ['1.parquet', '2.parquet'])
      await place.write(`names/${file}`, `SELECT ${file[0]} AS a, 7 AS ${own}`);
    const { columns, relation } = await openSource(place.database, place.at('names'));
    expect(columns.map((column) => column.name)).toEqual(['a', name]);
    const values = columns.map(({ sql }, index) => `${sql} AS v${index}`).join(', ');
    const rows = await query(place.database, `SELECT "#row", ${values} FROM ${relation.from} ORDER BY "#row"`);
    expect(rows.map(Object.values)).toEqual([
      [0n, 1, 7],
      [1n, 2, 7],
    ]);
  });

  it('may have columns of the same name, and of names that differ in case only', async () => {
    // DuckDB does not write such a file, so the names are changed in its bytes.
    const written = await readFile(
      await place.write('case.parquet', 'SELECT 1 AS "Age", 2 AS "agf", 3 AS ag1, 4 AS ag2, 5 AS "XGE"'),
      'latin1',
    );
    const bytes = written.replaceAll('agf', 'age').replaceAll('ag1', 'two').replaceAll('ag2', 'two');
    const path = await write('case.parquet', Buffer.from(bytes.replaceAll('XGE', 'AGE'), 'latin1'));
    const { relation } = await openSource(place.database, path);
    expect(relation.columns.map(({ name }) => name)).toEqual(['Age', 'age', 'AGE']);
    const found = async (name: string) =>
      query(place.database, `SELECT ${findColumn(relation, name)?.sql} AS value FROM ${relation.from}`);
    expect(await found('age')).toEqual([{ value: 2 }]);
    expect(await found('AGE')).toEqual([{ value: 5 }]);
    await expect(openSource(place.database, path, { needed: ['two'] })).rejects.toThrow(
      `columns repeated: two, two, expected one column two (in ${path})`,
    );
    await expect(openSource(place.database, path, { needed: ['aGe'] })).rejects.toThrow(
      `columns repeated, or different in case only: Age, age, AGE, expected one column aGe (in ${path})`,
    );
  });

  it('may be CSV in which blanks alone tell two names apart', async () => {
    const { columns } = await openSource(place.database, await write('blanks.csv', 'row,row , b\n1,2,3\n'));
    expect(columns.map(({ name }) => name)).toEqual(['row', 'row ', 'b']);
  });

  it.each([
    { delimiter: ',', name: 'comma' },
    { delimiter: ';', name: 'semicolon' },
    { delimiter: '\t', name: 'tab' },
    { delimiter: '|', name: 'bar' },
  ])('may be CSV delimited by a $name', async ({ delimiter, name }) => {
    const path = await write(`${name}.csv`, `a${delimiter}"b, c"\n1${delimiter}"x${delimiter}y"\n`);
    const { source, rows } = await rowsOf(path);
    expect(source.columns).toMatchObject([
      { name: 'a', type: 'VARCHAR' },
      { name: 'b, c', type: 'VARCHAR' },
    ]);
    expect(rows).toEqual([[0n, null, '1', `x${delimiter}y`]]);
  });

  it('may be CSV with a byte order mark, CRLF, blank lines and line ends in quotes, whose values stay as they are', async () => {
    const path = await write(
      'plain.csv',
      '\ufeffa,b\r\n\r\n1.0,"x\r\ny"\r\n007, z \r\n\r\n,""\r\n"say ""é""",5"\r\nlast,a\rb',
    );
    expect((await rowsOf(path)).rows).toEqual([
      [0n, null, '1.0', 'x\r\ny'],
      [1n, null, '007', ' z '],
      [2n, null, null, null],
      [3n, null, 'say "é"', '5"'],
      [4n, null, 'last', 'a\rb'],
    ]);
  });

  it('may be CSV of a single column, in which empty fields are quoted', async () => {
    expect((await rowsOf(await write('single.csv', 'a\n1\n\n""\n2\n'))).rows).toEqual([
      [0n, null, '1'],
      [1n, null, null],
      [2n, null, '2'],
    ]);
  });

  it('may be several CSV files, one of them in gzip, in which malformed rows keep their positions', async () => {
    await mkdir(place.at('csv'));
    await write('csv/1.csv.gz', gzipSync('a,b\n1,2\n3\n'));
    await write('csv/2.csv', 'a;b\n"x"y;5\n"6";7\n');
    expect((await rowsOf(place.at('csv'))).rows).toEqual([
      [0n, null, '1', '2'],
      [1n, 'field_count', null, null],
      [2n, 'quote_misplaced', null, null],
      [3n, null, '6', '7'],
    ]);
  });

  it('has the rows of a long CSV file in order', async () => {
    const lines = Array.from({ length: 200_000 }, (_, row) =>
      row % 5000 === 17 ? `${row}` : `${row},"v ${row % 97}"`,
    );
    const { source } = await rowsOf(await write('long.csv', `id,v\n${lines.join('\n')}\n`));
    const [counts] = await query(
      place.database,
      `SELECT count(*) FILTER (c0 = CAST("#row" AS VARCHAR)) AS same, count("#malformed") AS bad FROM ${source.relation.from}`,
    );
    expect(counts).toEqual({ same: 199_960n, bad: 40n });
  });
});

describe('a name is a name', () => {
  const NAMES = [
    'br[1]',
    'a*',
    'q?m',
    '{x,y}',
    'back\\slash',
    'b\\s[1]*',
    `q'uo"te`,
    '50% #1&+: é~',
    'new\nline',
    's3:',
    '~',
  ];

  it.each(NAMES)('in a log, its folder, the working directory and the scratch folder: %j', async (name) => {
    const folder = place.at(`odd/${name}`);
    await mkdir(`${folder}/in/${name}`, { recursive: true });
    // Files that the name would match as a pattern.
    for (const decoy of ['br1', 'ab', 'qxm', 'x', 'bZs1', 'b\\s1x'])
      await writeFile(`${folder}/in/${decoy}.csv`, `a\n${'7\n'.repeat(9)}`);
    const parquet = await place.write('plain.parquet', 'SELECT 1 AS a UNION ALL SELECT 2');
    await copyFile(parquet, `${folder}/in/${name}.parquet`);
    await writeFile(`${folder}/in/${name}.csv`, 'a\n1\n2\n3\n');
    await writeFile(`${folder}/in/${name}/only.csv`, 'a\n1\n2\n3\n4\n');
    const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch: folder });
    try {
      const rowsIn = async (path: string) => {
        const { rows, relation } = await openSource(database, path, { cwd: `${folder}/in` });
        const [counted] = await query(database, `SELECT count(*) AS rows FROM ${relation.from}`);
        expect(counted).toEqual({ rows: BigInt(rows) });
        return rows;
      };
      expect(await rowsIn(`${name}.parquet`)).toBe(2);
      expect(await rowsIn(`${folder}/in/${name}.csv`)).toBe(3);
      expect(await rowsIn(name)).toBe(4);
    } finally {
      await database.close();
    }
  });
});

describe('a source is refused', () => {
  const fails = async (path: string, code: string, message: string) =>
    expect(openSource(place.database, path)).rejects.toMatchObject({ name: 'DataError', code, message });

  it('where there is no file', async () => {
    await mkdir(place.at('hollow'));
    await fails(place.at('absent.parquet'), 'no_such_file', `no such file: ${place.at('absent.parquet')}`);
    await fails(place.at('absent/*.csv'), 'no_such_file', `no file matches ${place.at('absent/*.csv')}`);
    await fails(place.at('hollow'), 'no_such_file', `no .parquet, .csv or .csv.gz file in ${place.at('hollow')}`);
  });

  it('where the extension is unknown', async () => {
    await fails(
      await write('log.txt', 'a\n1\n'),
      'unknown_format',
      `${place.at('log.txt')} has an unknown extension, expected .parquet, .csv or .csv.gz`,
    );
  });

  it('where the file is empty', async () => {
    await fails(await write('zero.parquet', ''), 'empty_file', `${place.at('zero.parquet')} is empty: 0 bytes`);
    await fails(await write('zero.csv', ''), 'empty_file', `${place.at('zero.csv')} is empty: 0 bytes`);
    await fails(
      await write('blank.csv', '\n\n'),
      'empty_file',
      `${place.at('blank.csv')} has no header, expected a line of column names`,
    );
  });

  it('where a Parquet file is cut in half', async () => {
    const path = await place.write('half.parquet', 'SELECT i, i * 7 AS j FROM range(1000) t(i)');
    const size = (await readFile(path)).length >> 1;
    await truncate(path, size);
    await fails(path, 'cut_off', `${path} is cut off: a Parquet file ends with "PAR1", got ${size} bytes without it`);
  });

  it('where a Parquet footer is longer than the file, or is not a footer', async () => {
    const path = await write('footer.parquet', Buffer.from('PAR1\xff\xff\x00\x00PAR1', 'latin1'));
    await fails(path, 'cut_off', `${place.at('footer.parquet')} is cut off: its footer has 65535 bytes, the file 12`);
    const garbled = await write('garbled.parquet', Buffer.from('PAR1abcdefgh\x08\x00\x00\x00PAR1', 'latin1'));
    await expect(openSource(place.database, garbled)).rejects.toThrow(/garbled\.parquet is not readable Parquet: .+$/);
  });

  it('where the content is not what the name says', async () => {
    const parquet = await place.write('really.parquet', 'SELECT 1 AS a');
    await fails(
      await write('really.csv', await readFile(parquet)),
      'wrong_format',
      `${place.at('really.csv')} is a Parquet file, expected CSV by its name: end it in .parquet`,
    );
    await fails(
      await write('text.parquet', 'a,b\n1,2\n'),
      'wrong_format',
      `${place.at('text.parquet')} is not Parquet: it begins with "a,b\\n", expected "PAR1"`,
    );
    await fails(
      await write('noise.csv', Buffer.from('a\xff\xfe,b\n1,2\n', 'latin1')),
      'wrong_format',
      `${place.at('noise.csv')} is not text: its first line is not UTF-8, expected that or csv.encoding in the declaration`,
    );
  });

  it('where compressed CSV is cut in half', async () => {
    const whole = gzipSync(`a\n${Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 1_000_003).join('\n')}\n`);
    await expect(
      openSource(place.database, await write('half.csv.gz', whole.subarray(0, whole.length - 1000))),
    ).rejects.toThrow(/half\.csv\.gz is cut off: its gzip has no end$/);
  });

  it('where there is no row', async () => {
    await fails(
      await place.write('none.parquet', 'SELECT 1 AS a WHERE false'),
      'no_rows',
      `no rows in ${place.at('none.parquet')}`,
    );
    await fails(await write('none.csv', 'a,b'), 'no_rows', `no rows in ${place.at('none.csv')}`);
  });

  it('where the header of CSV does not end', async () => {
    await fails(
      await write('header.csv', '"a,b\n1,2\n'),
      'quote_not_closed',
      `quote not closed in ${place.at('header.csv')}: the header does not end`,
    );
  });
});
