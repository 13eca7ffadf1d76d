import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../lib/table/database.ts';
import { OutOfOrderError, readNumberedColumns } from '../../lib/table/read-columns.ts';

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
    for await (const { columns } of readNumberedColumns(connection, sql, layout, 1000, waitingBytes))
      values.push(...(columns[0] as Float64Array));
  } finally {
    connection.closeSync();
  }
  return values;
}

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
});
