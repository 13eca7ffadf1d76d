import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CsvChoice } from '../../../../lib/config/declaration.ts';
import { CSV_DEFAULTS } from '../../../../lib/config/sections/csv.ts';
import { query } from '../../../../lib/table/database.ts';
import { openSource } from '../../../../lib/table/source/source.ts';
import { workplace } from '../../fixture.ts';

const place = workplace();
let files = 0;

/** Reads a file: its columns, the fields of each row or why it is malformed, and the notes without the file's name. */
async function read(content: string | Buffer, csv: Partial<CsvChoice> = {}, name = 'f.csv') {
  files += 1;
  const path = place.at(`${files}-${name}`);
  await writeFile(path, content);
  const { relation, notes } = await openSource(place.database, path, { csv: { ...CSV_DEFAULTS, ...csv } });
  const columns = relation.columns.map(({ sql }) => sql).join(', ');
  const rows = await query(
    place.database,
    `SELECT [${columns}] AS fields, "#malformed" AS fault FROM ${relation.from} ORDER BY "#row"`,
  );
  return {
    columns: relation.columns.map((column) => column.name),
    rows: rows.map(({ fields, fault }) => fault ?? fields),
    notes: notes.map((note) => note.replace(`${path}: `, '')),
  };
}

const COLUMNS = ['row', 'age', 'item'];
const ROWS = [
  ['1', '2', 'a'],
  ['2', '3', 'b'],
];
const PLAIN = 'row,age,item\n1,2,a\n2,3,b\n';

describe('a CSV file', () => {
  it.each<{ name: string; content: string | Buffer; notes?: string[]; file?: string }>([
    { name: 'with semicolons', content: PLAIN.replaceAll(',', ';') },
    { name: 'with ^A', content: PLAIN.replaceAll(',', '\x01') },
    {
      name: 'in UTF-16 with a byte order mark',
      content: Buffer.from(`\ufeff${PLAIN}`, 'utf16le'),
      notes: ['read as UTF-16LE'],
    },
    { name: 'in UTF-16 without one', content: Buffer.from(PLAIN, 'utf16le'), notes: ['read as UTF-16LE'] },
    {
      name: 'in big-endian UTF-16',
      content: Buffer.from(`\ufeff${PLAIN}`, 'utf16le').swap16(),
      notes: ['read as UTF-16BE'],
    },
    {
      name: 'with carriage returns alone',
      content: PLAIN.replaceAll('\n', '\r'),
      notes: ['lines end with a carriage return alone'],
    },
    { name: 'with CRLF, CRCRLF and blank lines', content: '\nrow,age,item\r\n\r\n1,2,a\r\r\n  \r\n2,3,b\r\n\r\n' },
    {
      name: 'without a last line end',
      content: PLAIN.trimEnd(),
      notes: ['the last line has no line end, unlike the others'],
    },
    {
      name: 'with delimiters at the ends of rows',
      content: 'row,age,item\n1,2,a,\n2,3,b,\n',
      notes: ['the delimiter at the end of 2 rows is left out'],
    },
    { name: 'with a delimiter at the end of the header', content: 'row,age,item,\n1,2,a\n2,3,b\n' },
    { name: 'with blanks around quotes', content: '"row" , "age" , "item"\n"1" , "2" , "a"\n2, "3", "b"\n' },
    {
      name: 'with blanks around names',
      content: ' row , age,item\n1,2,a\n2,3,b\n',
      notes: ['blanks around names of columns are left out: " row "'],
    },
    {
      name: 'with the delimiter in its first line',
      content: `\ufeffsep=;\r\n${PLAIN.replaceAll(',', ';')}`,
      notes: ['the delimiter is ";", as its first line says'],
    },
    {
      name: 'after lines of comments',
      content: `# exported, by hand\n#\n${PLAIN}`,
      notes: ['lines that begin with # before the header are left out'],
    },
    { name: 'with single quotes around all', content: PLAIN.replaceAll(/[^,\n]+/g, "'$&'") },
    {
      name: 'in several members of gzip',
      content: Buffer.concat([gzipSync(PLAIN.slice(0, 20)), gzipSync(PLAIN.slice(20))]),
      file: 'm.csv.gz',
    },
    {
      name: 'in gzip under another name',
      content: gzipSync(PLAIN),
      notes: ['gzip by its content, although its name does not end in .gz'],
    },
    {
      name: 'that is not gzip under such a name',
      content: PLAIN,
      file: 'p.csv.gz',
      notes: ['not compressed, although its name ends in .gz'],
    },
  ])('is read $name', async ({ content, notes = [], file }) => {
    expect(await read(content, {}, file)).toEqual({ columns: COLUMNS, rows: ROWS, notes });
  });

  it.each([
    { name: 'in quotes', content: '"row"\t"age"\t"item"\n"1"\t1\t2\t"a"\n"2"\t2\t3\t"b \\"c\\""\n', last: 'b "c"' },
    {
      name: 'in quotes, with escapes in each row',
      content: '"row"\t"age"\t"item"\n"1"\t1\t2\t"\\"a"\n"2"\t2\t3\t"\\"b"\n',
      first: '"a',
      last: '"b',
    },
    { name: 'as numbers', content: 'row age item\n1 1 2 a\n2 2 3 b\n', csv: { delimiter: ' ' }, last: 'b' },
  ])(
    'may have names of rows without a name of their column, as R writes them, $name',
    async ({ content, csv, first = 'a', last }) => {
      const { columns, rows, notes } = await read(content, csv);
      expect(columns).toEqual(['', ...COLUMNS]);
      expect(rows).toEqual([
        ['1', '1', '2', first],
        ['2', '2', '3', last],
      ]);
      expect(notes).toContain('rows have one field more than the header, the first, which is taken for their names');
    },
  );

  it('has no names of rows where the field without a name is not the first', async () => {
    expect(await read('row,age,item\n7,2,a,x\n8,3,b,y\n')).toEqual({
      columns: COLUMNS,
      rows: ['field_count', 'field_count'],
      notes: [],
    });
  });

  it('may have names with characters that its rows do not have', async () => {
    expect((await read('full name\nann\nbob\n')).rows).toEqual([['ann'], ['bob']]);
  });

  it.each<{ name: string; columns: string[] }>([
    { name: 'no name, as pandas writes an index', columns: ['', 'row', 'age', 'item'] },
    { name: "names of DuckDB's and of this code", columns: ['row', 'file_row_number', '#row', 'select'] },
    { name: 'thousands of names', columns: Array.from({ length: 2500 }, (_, i) => `c${i}`) },
  ])('may have $name', async ({ columns }) => {
    const row = columns.map((_, i) => `${i}`);
    expect(await read(`${columns.join(',')}\n${row.join(',')}\n`)).toEqual({ columns, rows: [row], notes: [] });
  });

  it('may have repeated names, of columns that nobody needs', async () => {
    const { columns, rows } = await read('row,x,x,item\n1,2,3,a\n');
    expect([columns, rows]).toEqual([['row', 'item'], [['1', 'a']]]);
  });

  it.each<{ name: string; csv: Partial<CsvChoice>; content: string | Buffer; columns?: string[]; notes?: string[] }>([
    {
      name: 'without a header',
      csv: { header: false },
      content: '1,2,a\n2,3,b\n',
      columns: ['column0', 'column1', 'column2'],
    },
    { name: 'without a header, whose names are declared', csv: { header: COLUMNS }, content: '1,2,a\n2,3,b\n' },
    {
      name: 'with the header that is declared for those without one',
      csv: { header: ['item', 'row', 'age', 'clicked'] },
      content: PLAIN,
      notes: ['its first line is taken for a header, since it has the names of one'],
    },
    {
      name: 'with a header of more names than are declared',
      csv: { header: ['age', 'row'] },
      content: PLAIN,
      notes: ['its first line is taken for a header, since it has the names of one'],
    },
    { name: 'in a declared encoding', csv: { encoding: 'latin1' }, content: Buffer.from(PLAIN, 'latin1') },
    { name: 'in UTF-8 by its mark, whatever is declared', csv: { encoding: 'latin1' }, content: `\ufeff${PLAIN}` },
    { name: 'with a declared delimiter', csv: { delimiter: ':' }, content: PLAIN.replaceAll(',', ':') },
  ])('is read $name', async ({ csv, content, columns = COLUMNS, notes = [] }) => {
    expect(await read(content, csv)).toEqual({ columns, rows: ROWS, notes });
  });

  it('has the characters of its declared encoding, and is malformed where there are none', async () => {
    const latin = Buffer.from('a,b\né,1\n\x80,2\n', 'latin1');
    expect((await read(latin, { encoding: 'windows-1252' })).rows).toEqual([
      ['é', '1'],
      ['€', '2'],
    ]);
    expect(await read(latin)).toMatchObject({
      rows: ['not_utf8', 'not_utf8'],
      notes: [
        '2 rows not in the encoding of the file, the first is row 0 (from 0): declare csv.encoding if it is not UTF-8',
      ],
    });
    const japanese = Buffer.from([
      ...Buffer.from('a,b\n'),
      0x82,
      0xa0,
      ...Buffer.from(',1\n'),
      0xff,
      ...Buffer.from(',2\n'),
    ]);
    expect((await read(japanese, { encoding: 'shift_jis' })).rows).toEqual([['あ', '1'], 'not_utf8']);
  });

  it.each([
    { content: 'row||age||item\n1||2||a\n', message: 'has the delimiter "||", expected one character' },
    {
      content: 'row::age::item\n1::2::a\n',
      message: 'has one column, row::age::item, expected several with a delimiter of one character',
    },
    {
      content: '"row" "age"\n1 "2 x"\n',
      message:
        'has one column, "row" "age", expected several with a delimiter of one character: declare csv.delimiter if " " is the delimiter',
    },
    {
      content: Buffer.from('PK\x03\x04'),
      message: 'is a zip archive or an Excel workbook, expected CSV by its name: unpack it, or save it as CSV',
    },
    { content: 'BZh9', message: 'is compressed by bzip2, expected CSV by its name: unpack it, or compress it by gzip' },
    { content: gzipSync(PLAIN).subarray(0, -9), message: 'is cut off: its gzip has no end' },
    {
      content: '1,2\n3,4\n',
      csv: { header: COLUMNS },
      message:
        "has 2 fields in its first line, expected 3, as csv.header lists: begin this file with a line of its columns' names",
    },
  ])('is refused that $message', async ({ content, csv, message }) => {
    await expect(read(content, csv)).rejects.toThrow(message);
  });
});

describe('quotes and escapes', () => {
  const BACKSLASHES = 'read with double quotes and backslash escapes, by which';
  it.each<{ name: string; lines: string[]; rows: unknown[]; notes: string[] }>([
    {
      name: 'by Spark',
      lines: ['1,2,"TV 55\\""', '2,3,plain', '3,4,"Sofa, black"', '4,5,C:\\dir\\', '5,6,"a \\"b\\", c"'],
      rows: [
        ['1', '2', 'TV 55"'],
        ['2', '3', 'plain'],
        ['3', '4', 'Sofa, black'],
        ['4', '5', 'C:\\dir\\'],
        ['5', '6', 'a "b", c'],
      ],
      notes: [`${BACKSLASHES} "1,2,\\"TV 55\\\\\\"\\"" is a record like the others`],
    },
    {
      name: 'by MySQL, everywhere',
      lines: ['1,2,Sofa\\, black', '2,\\N,a\\\\b', '3,4,line\\', 'two'],
      rows: [
        ['1', '2', 'Sofa, black'],
        ['2', '\\N', 'a\\b'],
        ['3', '4', 'line\ntwo'],
      ],
      notes: [
        `${BACKSLASHES} "1,2,Sofa\\\\, black" is a record like the others`,
        '1 row with line breaks in quotes, so that 4 lines are 3 rows; the longest is row 2 (from 0) with 2 lines',
      ],
    },
    {
      name: 'by MySQL, in quotes',
      lines: ['1,2,"a \\"b\\""', '2,3,"it\\\'s', '"', '3,4,"x\\', 'y"'],
      rows: [
        ['1', '2', 'a "b"'],
        ['2', '3', "it's\n"],
        ['3', '4', 'x\ny'],
      ],
      notes: [
        `${BACKSLASHES} "1,2,\\"a \\\\\\"b\\\\\\"\\"" is a record like the others`,
        '2 rows with line breaks in quotes, so that 5 lines are 3 rows; the longest is row 1 (from 0) with 2 lines',
      ],
    },
    {
      name: 'and told where they may be escapes or not',
      lines: ['1,2,C:\\dir', '2,3,"D:\\\\dir"', '3,4,E:\\\\', '4,5,"{""a"": ""F:\\\\""}"'],
      rows: [
        ['1', '2', 'C:\\dir'],
        ['2', '3', 'D:\\\\dir'],
        ['3', '4', 'E:\\\\'],
        ['4', '5', '{"a": "F:\\\\"}'],
      ],
      notes: [
        '2 rows with backslashes before backslashes or quotes, which stay as they are although they may be escapes, the first is row 1 (from 0): declare csv.escape, and csv.quote: null if no field is in quotes',
      ],
    },
    {
      name: 'not, where backslashes stand at the ends of fields in doubled quotes',
      lines: ['1,2,"C:\\dir, x\\"', '2,3,"D:\\"', '3,4,"a ""q"" b"'],
      rows: [
        ['1', '2', 'C:\\dir, x\\'],
        ['2', '3', 'D:\\'],
        ['3', '4', 'a "q" b'],
      ],
      notes: [],
    },
    {
      name: 'not, where more records contradict them',
      lines: ['1,2,"a"', '2,3,"x\\"y"', '3,4,"C:\\dir, x\\"', '4,5,"D:\\e, f\\"', '5,6,z'],
      rows: [['1', '2', 'a'], 'quote_misplaced', ['3', '4', 'C:\\dir, x\\'], ['4', '5', 'D:\\e, f\\'], ['5', '6', 'z']],
      notes: [
        '1 row with quotes that are misplaced or not closed, the first is row 1 (from 0): if the file is written otherwise, declare csv.quote or csv.escape',
      ],
    },
    {
      name: 'in single quotes',
      lines: ["1,2,'Sofa, black'", "2,3,'it''s'", '3,4,5" pipe'],
      rows: [
        ['1', '2', 'Sofa, black'],
        ['2', '3', "it's"],
        ['3', '4', '5" pipe'],
      ],
      notes: ['read with single quotes, by which "1,2,\'Sofa, black\'" is a record like the others'],
    },
    {
      name: 'with backslashes, also after a record in single quotes',
      lines: ["1,2,'x, y'", '2,3,"a"', '3,4,"TV 55\\""', '4,5,"b"'],
      rows: ['field_count', ['2', '3', 'a'], ['3', '4', 'TV 55"'], ['4', '5', 'b']],
      notes: [`${BACKSLASHES} "3,4,\\"TV 55\\\\\\"\\"" is a record like the others`],
    },
    {
      name: 'not in single quotes, where others are double',
      lines: ["1,2,'x, y'", '2,3,"a"', '3,4,"b"', "4,5,'Tis"],
      rows: ['field_count', ['2', '3', 'a'], ['3', '4', 'b'], ['4', '5', "'Tis"]],
      notes: [],
    },
  ])('are read $name', async ({ lines, rows, notes }) => {
    expect(await read(`row,age,item\n${lines.join('\n')}\n`)).toEqual({ columns: COLUMNS, rows, notes });
  });

  it('are ordinary characters in a table with tabs if no field is in quotes', async () => {
    const table = 'row\tage\titem\n1\t2\tTV 55" x\n2\t3\t"Best" of\n3\t4\t"open\n';
    const { rows, notes } = await read(table);
    expect(rows).toEqual([
      ['1', '2', 'TV 55" x'],
      ['2', '3', '"Best" of'],
      ['3', '4', '"open'],
    ]);
    expect(notes).toEqual([
      'read with quotes as ordinary characters, by which "2\\t3\\t\\"Best\\" of" is a record like the others',
    ]);
    const quoted = await read(`${table}4\t5\t"a\tb"\n`);
    expect(quoted.rows).toEqual([['1', '2', 'TV 55" x'], 'quote_misplaced', 'quote_not_closed', ['4', '5', 'a\tb']]);
  });

  describe('that are the whole text of a field', () => {
    const HEADER = 'row,text,age,item';
    const plain = (from: number, text = 'x') => Array.from({ length: 20 }, (_, i) => `${from + i},${text},3,a`);

    it('are ordinary characters where they would join lines that are rows of their own', async () => {
      const lines = [...plain(1), '21,",3,b', ...plain(22), '42,",3,c', '43,"a"",3,d'];
      const { rows, notes } = await read(`${HEADER}\n${lines.join('\n')}\n`);
      expect(rows).toEqual(lines.map((line) => line.split(',')));
      expect(notes).toEqual([
        'read with quotes as ordinary characters, by which "21,\\",3,b" is a record like the others',
      ]);
    });

    it('with escapes, too', async () => {
      const lines = [...plain(1, 'x\\, y'), '21,",3,b', ...plain(22), '42,",3,c'];
      const { rows } = await read(`${HEADER}\n${lines.join('\n')}\n`);
      expect(rows).toEqual(
        lines.map((line) =>
          line
            .replace('\\,', '<>')
            .split(',')
            .map((one) => one.replace('<>', ',')),
        ),
      );
    });

    it('cost one row each in a file that has more texts in quotes', async () => {
      const lines = [...plain(1, '"x, y"'), '21,",3,b', ...plain(22), '42,",3,c', ...plain(43)];
      const { rows } = await read(`${HEADER}\n${lines.join('\n')}\n`);
      expect(rows).toEqual(
        lines.map((line) =>
          line.includes('",3,') && !line.includes('y')
            ? 'quote_not_closed'
            : line.split(/(?!, ),/).map((one) => one.replaceAll('"', '')),
        ),
      );
    });

    it('are quotes around a text of some lines, which have as many delimiters by chance', async () => {
      const { rows } = await read(`${HEADER}\n1,"Main St, 2nd floor, left\nLondon",3,a\n2,"a\nb",3,",,,\n,,,"\n`);
      expect(rows).toEqual([
        ['1', 'Main St, 2nd floor, left\nLondon', '3', 'a'],
        ['2', 'a\nb', '3', ',,,\n,,,'],
      ]);
    });
  });

  it('cost one row if one is not closed, whether the next quote is near or none follows', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => [`${i}`, `${i}`, `item ${i}`]);
    const lines = rows.map((row) => row.join(','));
    lines[50] = '50,50,"item 50';
    lines[60] = '60,60,"item 60"';
    lines[150] = '150,150,"item 150';
    const found = await read(`row,age,item\n${lines.join('\n')}\n`);
    expect(found.rows).toEqual(rows.map((row, i) => (i === 50 || i === 150 ? 'quote_not_closed' : row)));
  });

  it('are read from the beginning again by the writing that a late row shows', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => [`${i}`, 'x'.repeat(20), i % 9 === 0 ? 'a "b", c' : 'd']);
    const lines = rows.map(([row, age, item], i) => {
      // Until then both readings are the same.
      const isEarly = i < 50_000 && item !== 'd';
      if (isEarly) rows[i] = [`${i}`, 'x'.repeat(20), 'e, f'];
      return `${row},${age},${isEarly ? '"e, f"' : item === 'd' ? item : '"a \\"b\\", c"'}`;
    });
    const { rows: found } = await read(`row,age,item\n${lines.join('\n')}\n`);
    expect(found).toEqual(rows);
  });

  it('are told where they hold line breaks, and so is a file that is cut off', async () => {
    const { rows, notes } = await read('row,age,item\n1,2,"a\nb\n\nc"\n2,3,b\n3,"4');
    expect(rows).toEqual([['1', '2', 'a\nb\n\nc'], ['2', '3', 'b'], 'quote_not_closed']);
    expect(notes).toEqual([
      '1 row with line breaks in quotes, so that 6 lines are 3 rows; the longest is row 0 (from 0) with 4 lines',
      '1 row with quotes that are misplaced or not closed, the first is row 2 (from 0): if the file is written otherwise, declare csv.quote or csv.escape',
      'the last line has no line end and is malformed (quote_not_closed): the file may be cut off',
    ]);
    expect((await read(`${PLAIN}3,4`)).notes).toEqual([
      'the last line has no line end and is malformed (2 fields, expected 3): the file may be cut off',
    ]);
  });
});

it('is malformed where its header is repeated, as in files that were put together', async () => {
  expect((await read(`\ufeff${PLAIN}\ufeff${PLAIN}"row","age","item"\n`)).rows).toEqual([
    ...ROWS,
    'header_repeated',
    ...ROWS,
    'header_repeated',
  ]);
});
