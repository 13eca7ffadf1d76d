import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import type { EncodedChunk, LogChunk } from '../../../lib/table/encoded.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { EncodedRowsWriter } from '../../../lib/training/rows/encoded-rows.ts';
import { bag, category, declare, number, openLog, table, workplace } from '../../table/fixture.ts';

const place = workplace();
const ROWS = 20_000;
const LOG = `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, ['train', 'test'][1 + (i % 3 = 0)::INTEGER] AS part,
  CASE WHEN i % 7 > 0 THEN 'v' || (i % 900) END AS item, CASE WHEN i % 5 > 0 THEN i / 8 END AS price,
  CASE WHEN i % 11 > 0 THEN 'a' || (i % 40) || '|' || 'b' || (i % 13) END AS tags,
  CASE WHEN i % 11 > 0 THEN (i % 3) || '|0.5' END AS marks FROM range(${ROWS}) t(i)`;

let folder: string;
let encoder: Encoder;
let chunks: LogChunk[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoded-rows-'));
  const features = [category('item'), number('price'), bag('tags', { delimiter: '|', weights: 'marks' })];
  const declaration = declare([...features, category('code', { column: 'row' })], {
    embeddings: [table('code', { kind: 'ids', size: 2_000_000_000 })],
  });
  const log = await openLog(place, await place.write('rows.parquet', LOG), declaration);
  encoder = (await fitEncoder(place.database, log)).encoder;
  chunks = [];
  for await (const chunk of encodeLog(place.database, log, encoder)) chunks.push(chunk);
});
afterAll(() => rm(folder, { recursive: true }));

const testRows = ({ part }: LogChunk) => Uint32Array.from(part.keys()).filter((row) => part[row] === 2);

/** All columns of the rows of some chunks, as lists. */
function columnsOf(all: readonly (readonly [EncodedChunk, Uint32Array])[]): Record<string, number[]> {
  const columns: Record<string, number[]> = {};
  for (const [chunk, rows] of all)
    for (const group of ['ids', 'weights', 'numbers'] as const)
      for (const [name, values] of Object.entries(chunk[group])) {
        const length = values.length / chunk.rows;
        const column = columns[`${group}/${name}`] ?? [];
        for (const row of rows) column.push(...values.subarray(row * length, (row + 1) * length));
        columns[`${group}/${name}`] = column;
      }
  return columns;
}

async function write(path: string) {
  const writer = await EncodedRowsWriter.create(path, encoder);
  for (const chunk of chunks) await writer.append(chunk, testRows(chunk));
  return writer.finish();
}

describe('encoded rows on disk', () => {
  it('come back as they were encoded, to the bit and in their order, as often as they are read', async () => {
    const rows = await write(join(folder, 'test.rows'));
    expect(rows.rows).toBe(6667);
    const expected = columnsOf(chunks.map((chunk) => [chunk, testRows(chunk)]));
    expect(Object.keys(expected).toSorted()).toEqual(
      ['ids/code', 'ids/item', 'ids/tags', 'numbers/price', 'weights/tags'].toSorted(),
    );
    for (const _ of [1, 2]) {
      const read: EncodedChunk[] = [];
      for await (const chunk of rows.chunks()) read.push(chunk);
      expect(read.map((chunk) => chunk.rows)).toEqual([6667]);
      expect(columnsOf(read.map((chunk) => [chunk, Uint32Array.from({ length: chunk.rows }, (_row, i) => i)]))).toEqual(
        expected,
      );
    }
  });

  it('take four bytes an element', async () => {
    const path = join(folder, 'size.rows');
    const { rows } = await write(path);
    // item, price, three tags with their weights, code.
    expect((await stat(path)).size).toBe(rows * 4 * (1 + 1 + 3 + 3 + 1));
  });

  it('are none where none was written', async () => {
    const rows = await (await EncodedRowsWriter.create(join(folder, 'none.rows'), encoder)).finish();
    for await (const chunk of rows.chunks()) throw new Error(`got ${chunk.rows} rows, expected none`);
    expect(rows.rows).toBe(0);
  });

  it('are refused where the file is cut short', async () => {
    const path = join(folder, 'short.rows');
    const rows = await write(path);
    await truncate(path, 100_000);
    await expect(rows.chunks().next()).rejects.toThrow(
      'the cache of encoded rows is cut short: got 100000 of 240012 bytes of a block',
    );
  });
});
