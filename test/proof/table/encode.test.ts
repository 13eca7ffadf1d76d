/** Encoding of more rows than DuckDB keeps in one piece. */
import { describe, expect, it } from 'vitest';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { MANY, manyRows } from '../../table/encode/many-columns.ts';
import { openLog, workplace } from '../../table/fixture.ts';

const place = workplace({ threads: 2 });

describe('encoded rows of a log', () => {
  it('come in its order, in chunks of one size, through twenty joins', async () => {
    const path = await place.write('many.parquet', manyRows(200_000));
    const log = await openLog(place, path, MANY);
    const { encoder } = await fitEncoder(place.database, log);
    let next = 0;
    const sizes: number[] = [];
    for await (const { rows, rowNumbers, numbers, part, labels } of encodeLog(place.database, log, encoder)) {
      sizes.push(rows);
      for (let i = 0; i < rows; i += 1, next += 1) {
        const row = rowNumbers[i] ?? -1;
        if (
          row !== next ||
          numbers.price?.[i] !== Math.fround(row / 7) ||
          part[i] !== (row % 4 === 3 ? 2 : 0) ||
          labels.click?.[i] !== (row % 3 === 2 ? 1 : 0)
        ) {
          throw new Error(`row ${row} is out of place`);
        }
      }
    }
    expect(next).toBe(200_000);
    expect([sizes[0], sizes.at(-1), sizes.length]).toEqual([8192, 200_000 % 8192, 25]);
  });
});
