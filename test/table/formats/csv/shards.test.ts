import { copyFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
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

/** Reads a candidate file shard by shard, from a plan that was written as JSON. */
async function readShards(path: string, shardRows: number) {
  const file = await localCandidate(path);
  const head = Buffer.alloc(4);
  for await (const block of file.read({ start: 0, end: 4 })) block.copy(head);
  const cut = await csv.cut(place.database, file, {
    head,
    csv: CSV_DEFAULTS,
    shardRows,
    maxShardBytes: 2 ** 30,
    maxUnzippedBytes: 2 ** 30,
    maxCsvBytes: 2 ** 30,
    neededColumns: () => [],
    async savePiece(index, from) {
      await copyFile(from, `${path}.${index}`);
      return `${path}.${index}`;
    },
  });
  const plan: typeof cut = JSON.parse(JSON.stringify(cut));
  const rows: unknown[] = [];
  for (const shard of plan.shards) {
    const part = shard.piece === undefined ? file : await localCandidate(shard.piece);
    const open = await csv.openShard({
      database: place.database,
      file: part,
      plan,
      shard,
      texts: CSV_DEFAULTS,
      needed: [],
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
