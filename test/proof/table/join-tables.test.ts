/** Tables that are joined on the disk, because they do not fit in memory. */
import { mkdtemp } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { joinTables, ROW_GROUP_ROWS } from '../../../lib/table/candidates/join-tables.ts';
import { execute, openDatabase, query } from '../../../lib/table/database.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { tableOf } from '../../table/candidates/table-of.ts';
import { workplace } from '../../table/fixture.ts';

const place = workplace({ threads: 2 });

describe('a join', () => {
  it('keeps the rows in their order where table and rows outgrow the memory', async () => {
    const small = await openDatabase({ threads: 2, memoryLimitMiB: 160, scratch: place.at('.') });
    try {
      const path = await place.write('big.parquet', 'SELECT (i * 7919) % 400000 AS user_id FROM range(300000) t(i)');
      const { relation } = await openSource(small, path);
      const wide = Array.from({ length: 8 }, (_, i) => `repeat(md5((i + ${i})::VARCHAR), 2) AS c${i}`).join(', ');
      const table = `SELECT i AS user_id, i AS age, ${wide} FROM range(400000) t(i)`;
      const users = await tableOf(place, 'big-u.parquet', table.replace('400000', '1'));
      // Row groups as the table's own have them.
      await execute(
        place.database,
        `COPY (${table}) TO '${place.at('big-u.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
      );
      const result = await joinTables(small, relation, [users], await mkdtemp(place.at('joined-')));
      const [wrong] = await query(
        small,
        `SELECT count(*) AS rows, count(*) FILTER ("#row" <> place OR t0_c1 <> c0 OR c0 <> (place * 7919) % 400000) AS wrong
         FROM (SELECT *, row_number() OVER () - 1 AS place FROM ${result.from})`,
      );
      expect(wrong).toEqual({ rows: 300_000n, wrong: 0n });
    } finally {
      await small.close();
    }
  });
});
