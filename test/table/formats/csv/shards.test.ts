import { copyFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { CSV_DEFAULTS } from '../../../../lib/config/sections/csv.ts';
import { query } from '../../../../lib/table/database.ts';
import { localCandidate } from '../../../../lib/table/formats/candidate-file.ts';
import { csv } from '../../../../lib/table/formats/csv/csv.ts';
import { MAX_RECORD_BYTES } from '../../../../lib/table/formats/csv/faults.ts';
import { openSource } from '../../../../lib/table/source/source.ts';
import { workplace } from '../../fixture.ts';

const place = workplace();

async function rowsOf({ from, columns }: { from: string; columns: readonly { sql: string }[] }) {
  const fields = columns.map(({ sql }) => sql).join(', ');
  const rows = await query(
    place.database,
    `SELECT "#row" AS row, [${fields}] AS fields, "#malformed" AS fault FROM ${from} ORDER BY "#row"`,
  );
  return rows.map(({ row, fields, fault }) => ({ row, fields, fault }));
}

/** Cuts a candidate file, and writes the plan as JSON. */
async function cutFile(path: string, shardRows: number) {
  const file = await localCandidate(path);
  const head = Buffer.alloc(4);
  for await (const block of file.read({ start: 0, end: 4 })) block.copy(head);
  const cut = await csv.cut(place.database, file, {
    head,
    csv: CSV_DEFAULTS,
    shardRows,
    lastRows: shardRows,
    maxShardBytes: 2 ** 30,
    maxUnzippedBytes: 2 ** 30,
    maxCsvBytes: 2 ** 30,
    neededColumns: () => [],
    async savePiece(index, from) {
      await copyFile(from, `${path}.${index}`);
      return `${path}.${index}`;
    },
  });
  return { file, plan: JSON.parse(JSON.stringify(cut)) as typeof cut };
}

/** Reads a candidate file shard by shard. */
async function readShards(path: string, shardRows: number) {
  const { file, plan } = await cutFile(path, shardRows);
  const rows: unknown[] = [];
  for (const shard of plan.shards) {
    const part = shard.piece === undefined ? file : await localCandidate(shard.piece);
    const open = await csv.openShard({
      database: place.database,
      file: part,
      plan,
      shard,
      texts: CSV_DEFAULTS,
      needed: plan.columns.map((column) => column.name),
    });
    rows.push(...(await rowsOf(open.relation)));
    await open.remove();
  }
  return { rows, shards: plan.shards.length, notes: plan.notes };
}

const LINES = [
  '1,plain',
  '2,"quoted, text"',
  '3,"not closed',
  '4,plain',
  '5,plain',
  '6,"next, quote"',
  '7,"a line\nbreak"',
  '8,too,many',
  '9,"closed"late',
  '10,a "stray" quote',
  '11,plain,',
  '12,"at the end',
];
const text = (lines: readonly string[]) => `id,text\n${lines.join('\n')}\n`;

describe('the shards of a CSV file', () => {
  it.each<{ name: string; content: string | Buffer }>([
    { name: 'quotes.csv', content: text(LINES) },
    { name: 'gzip.csv.gz', content: gzipSync(text(LINES)) },
    { name: 'utf16.csv', content: Buffer.from(`\ufeff${text(LINES)}`, 'utf16le') },
    { name: 'cr.csv', content: text(LINES.filter((line) => !line.includes('\n'))).replaceAll('\n', '\r') },
    { name: 'cr.csv.gz', content: gzipSync(text(['1,a', '2,"b"', '3,"c']).replaceAll('\n', '\r')) },
    { name: 'late.csv', content: text([...LINES.slice(0, 2), '3,c', '4,"TV 55\\""', '5,e', '6,"Sofa, black"']) },
    { name: 'late.csv.gz', content: gzipSync(text(['1,"a"', '2,b', '3,c', '4,"TV 55\\""', '5,e', '6,"Sofa, black"'])) },
    {
      name: 'long.csv',
      content: text(['1,a', `2,${'x'.repeat(MAX_RECORD_BYTES)}`, '3,c', `4,"${'"x'.repeat(3000)}"`]),
    },
    { name: 'crlf.csv', content: text(['1,a', '2,b', '3,c']).replaceAll('\n', '\r\n') },
    { name: 'blank.csv', content: text(['', '1,a', '2,b', '', '', '3,c', '4,d', '', '']) },
    { name: 'no-end.csv', content: text(['1,a', '2,b', '3,c']).trimEnd() },
    { name: 'one-column.csv', content: 'id\n1\n\n2\n3\n\n' },
  ])('have the rows that the whole file has: $name', async ({ name, content }) => {
    await writeFile(place.at(name), content);
    const { relation, notes, rows } = await openSource(place.database, place.at(name));
    const whole = await rowsOf(relation);
    for (const shardRows of [1, 2, 5]) {
      const parts = await readShards(place.at(name), shardRows);
      expect(parts).toEqual({ rows: whole, shards: Math.ceil(rows / shardRows), notes });
    }
  });

  it('have all 1,000 rows of a file with backslash escapes', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `${i},plain`);
    lines[100] = '100,"TV 55\\""';
    lines[160] = '160,"Sofa, black"';
    await writeFile(place.at('spark.csv'), text(lines));
    const { rows, shards, notes } = await readShards(place.at('spark.csv'), 90);
    expect(rows.length).toBe(1000);
    expect(rows.filter((_, i) => i === 100 || i === 160)).toEqual([
      { row: 100n, fields: ['100', 'TV 55"'], fault: null },
      { row: 160n, fields: ['160', 'Sofa, black'], fault: null },
    ]);
    expect(shards).toBe(12);
    expect(notes).toEqual([
      `${place.at('spark.csv')}: read with double quotes and backslash escapes, by which "100,\\"TV 55\\\\\\"\\"" is a record like the others`,
    ]);
  });
});

describe('the columns of a shard', () => {
  /** Opens the only shard of a file, and returns which columns are read as integers, and all values. */
  async function integersOf(name: string, content: string) {
    await writeFile(place.at(name), content);
    const { file, plan } = await cutFile(place.at(name), 1_000_000);
    const [shard] = plan.shards;
    if (shard === undefined) throw new Error('no shard');
    const open = await csv.openShard({
      database: place.database,
      file,
      plan,
      shard,
      texts: CSV_DEFAULTS,
      needed: plan.columns.map((column) => column.name),
    });
    const { columns, from } = open.relation;
    const integers = columns.flatMap(({ name: column, integer }) =>
      integer === undefined ? [] : [{ column, integer }],
    );
    const values = integers.map(({ integer }) => integer).join(', ') || 'NULL';
    const rows = await query(place.database, `SELECT [${values}] AS integers FROM ${from} ORDER BY "#row"`);
    const texts = await rowsOf(open.relation);
    await open.remove();
    return {
      columns: integers.map(({ column }) => column),
      integers: rows.map(({ integers: row }) => row),
      texts: texts.map(({ fields }) => fields),
    };
  }

  it('are integers, too, where each text is the one of an integer', async () => {
    expect(await integersOf('integers.csv', 'a,b,c\n1,"-20",x\n,0,2\n9007199254740993,999999999999999999,\n')).toEqual({
      columns: ['a', 'b'],
      integers: [
        [1n, -20n],
        [null, 0n],
        [9007199254740993n, 999999999999999999n],
      ],
      texts: [
        ['1', '-20', 'x'],
        [null, '0', '2'],
        ['9007199254740993', '999999999999999999', null],
      ],
    });
  });

  describe('are texts', () => {
    const others = ['007', '+7', ' 7', '7 ', '7.0', '-0', '1e3', '1_000', '0x10', '99999999999999999999', 'NULL', 'x'];
    const lines = Array.from({ length: 20_000 }, (_, i) =>
      Array(others.length + 1)
        .fill(i)
        .join(','),
    );
    const names = ['a', ...others.map((_, i) => `b${i}`)];
    // All at once, each in a column of its own.
    const read = new Map<number, Awaited<ReturnType<typeof integersOf>>>();
    beforeAll(async () => {
      for (const row of [3, 19_000]) {
        const content = [names.join(','), ...lines.with(row, [row, ...others].join(',')), ''].join('\n');
        read.set(row, await integersOf(`others-${row}.csv`, content));
      }
    });

    it.each(others.map((other, i) => [other, i + 1] as const))(
      'where one is %j, be it first or far behind',
      (other, column) => {
        expect(read.size).toBe(2);
        for (const [row, { columns, texts }] of read) {
          expect(columns).toEqual(['a']);
          const [before, at] = [row - 1, row].map((index) => texts[index] as readonly string[]);
          expect([before?.[column], at?.[column]]).toEqual([String(row - 1), other]);
          expect(texts).toHaveLength(20_000);
        }
      },
    );
  });

  it('are texts where they turn out not to be integers, and integers beside these', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const lines = Array.from({ length: 20_000 }, (_, i) => names.map(() => i).join(','));
    const content = `${names}\n${lines
      .with(
        19_000,
        names
          .slice(1)
          .map(() => 'x')
          .concat('1')
          .join(','),
      )
      .join('\n')}\n`;
    const { columns, texts } = await integersOf('many.csv', content);
    expect(columns).toEqual(['f']);
    expect(texts[19_000]).toEqual(['x', 'x', 'x', 'x', 'x', '1']);
  });
});

it.each([
  ['as DuckDB reads them', text(['1,a', '2,"b, c"', '3,"d\ne"']), true],
  ['with a quote late', text(['1,a', '2,"b"late', '3,d']), false],
  ['with another line end', text(['1,a', '2,b']).replaceAll('\n', '\r\n'), false],
  ['with a blank line', text(['1,a', '', '2,b']), false],
  ['with a blank line at the end', text(['1,a', '2,b', '']), false],
])('rows %s need no second scan, or need one', async (what, content, isClean) => {
  const path = place.at(`${what}.csv`);
  await writeFile(path, content);
  const { plan } = await cutFile(path, 10);
  expect(plan.shards.map((shard) => shard.isClean ?? false)).toEqual([isClean]);
});
