import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../lib/table/database.ts';
import { BufferPool, OutOfOrderError, readColumns, readNumberedColumns } from '../../lib/table/read-columns.ts';

const scratch = mkdtempSync(join(tmpdir(), 'read-columns-'));
let database: Database;
beforeAll(async () => {
  database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
});
afterAll(async () => {
  await database.close();
  rmSync(scratch, { recursive: true });
});

/** Reads 100,000 numbered rows in blocks of 1,000, of which each takes 8,000 bytes. */
async function read(orderBy: string, waitingBytes: number): Promise<number[]> {
  const sql = `SELECT CAST(i AS DOUBLE), CAST(i AS DOUBLE) FROM range(1, 100001) rows(i) ORDER BY ${orderBy}`;
  const connection = await database.connect();
  const values: number[] = [];
  try {
    const layout = [{ type: 'DOUBLE', length: null }] as const;
    for await (const { columns } of readNumberedColumns(connection, sql, layout, 1000, { waitingBytes }))
      values.push(...(columns[0] as Float64Array));
  } finally {
    connection.closeSync();
  }
  return values;
}

describe('a query that fails', () => {
  it.each([0, 61_440, 100_000, 199_999])('is an error, and not the end of its rows, in row %i', async (row) => {
    const value = `CASE WHEN i = ${row} THEN CAST(error('row is broken') AS DOUBLE) ELSE CAST(i AS DOUBLE) END`;
    const connection = await database.connect();
    const reading = async () => {
      const sql = `SELECT ${value} FROM range(200000) rows(i)`;
      let rows = 0;
      for await (const block of readColumns(connection, sql, [{ type: 'DOUBLE', length: null }])) rows += block.rows;
      return rows;
    };
    await expect(reading()).rejects.toThrow('row is broken');
    connection.closeSync();
  });
});

describe('numbered rows', () => {
  const inOrder = Array.from({ length: 100_000 }, (_, i) => i + 1);

  it('are put in order', async () => {
    expect(await read('(i - 1) // 5000, i % 7', 80_000)).toEqual(inOrder);
  });

  it('are refused where more of them wait than the memory is for', async () => {
    await expect(read('hash(i)', 80_000)).rejects.toThrow(
      new OutOfOrderError('rows come far out of order: 100 blocks wait'),
    );
    expect(await read('hash(i)', 800_000)).toEqual(inOrder);
  });

  it('are read into buffers that were given back', async () => {
    const sql = `SELECT CAST(i AS DOUBLE), CAST(i % 100 AS TINYINT), [i, -i]::INTEGER[2], CAST(i AS DOUBLE)
      FROM range(1, 20001) rows(i) ORDER BY (i - 1) // 50, i % 7`;
    const layout = [
      { type: 'TINYINT', length: null },
      { type: 'INTEGER', length: 2 },
      { type: 'DOUBLE', length: null },
    ] as const;
    const buffers = new BufferPool();
    const used = new Set<ArrayBufferLike>();
    const connection = await database.connect();
    let [row, wrong] = [0, 0];
    for await (const { rows, columns } of readNumberedColumns(connection, sql, layout, 1001, { buffers })) {
      const [small, pairs, numbers] = columns as [Int8Array, Int32Array, Float64Array];
      for (let i = 0; i < rows; i++) {
        row += 1;
        const isRow = small[i] === row % 100 && pairs[2 * i] === row && pairs[2 * i + 1] === -row && numbers[i] === row;
        if (!isRow) wrong += 1;
      }
      if (rows < 1001) continue;
      expect(new Set(columns.map(({ buffer }) => buffer)).size).toBe(1);
      used.add(numbers.buffer);
      buffers.giveBack(numbers);
    }
    connection.closeSync();
    expect([row, wrong]).toEqual([20_000, 0]);
    // A DuckDB chunk of 2,048 rows is in up to four blocks.
    expect(used.size).toBeLessThan(5);
  });
});
