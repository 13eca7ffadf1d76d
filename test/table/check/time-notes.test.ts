import { describe, expect, it } from 'vitest';
import { declare, LOG_DEFAULTS, openLog, workplace } from '../fixture.ts';

const place = workplace();

/** Returns the notes of a log of 100 rows whose times are given by SQL over `i`; now is 2026-06-01. */
async function notesOf(name: string, ts: string): Promise<readonly string[]> {
  const path = await place.write(
    name,
    `SELECT i AS row, 0 AS click, 0 AS conversion, 'train' AS part, ${ts} AS ts FROM range(100) t(i)`,
  );
  const { notes } = await openLog(place, path, declare([], { log: { ...LOG_DEFAULTS, time: 'ts' } }));
  return notes;
}

describe('times that cannot be meant', () => {
  it('are told where they are before 2000: hours since 1970, say, that are read as seconds', async () => {
    expect(await notesOf('hours.parquet', '490000 + i')).toEqual([
      'ts: 100 of 100 rows are before 2000, the first at 1970-01-06 16:06 UTC: is it in another unit?',
    ]);
    expect(
      await notesOf('zero.parquet', "CASE WHEN i < 3 THEN TIMESTAMP '1970-01-01' ELSE TIMESTAMP '2026-05-01' END"),
    ).toEqual(['ts: 3 of 100 rows are before 2000, the first at 1970-01-01 00:00 UTC: is it in another unit?']);
  });

  it('are told where they are in the future by less than the day that is tolerated', async () => {
    expect(await notesOf('zone.parquet', "TIMESTAMP '2026-05-31 12:00:00' + INTERVAL (i * 10) MINUTE")).toEqual([
      'ts: 27 of 100 rows are in the future, the last at 2026-06-01 04:30 UTC: is it in another time zone?',
    ]);
  });

  it('are told where a column has several units', async () => {
    const second = '1777593600 + i';
    expect(await notesOf('units.parquet', `CASE WHEN i < 60 THEN ${second} ELSE (${second}) * 1000 END`)).toEqual([
      'ts: 60 rows as seconds (first in row 0), 40 rows as milliseconds (first in row 60): are the times of several units?',
    ]);
    expect(await notesOf('forms.csv', `CASE WHEN i = 7 THEN '2026-05-01' ELSE '20260501' END`)).toEqual([
      'ts: 99 rows as yyyymmdd (first in row 0), 1 row as dates (first in row 7): are the times of several units?',
    ]);
    expect(await notesOf('hour.parquet', '2026050100 + i % 24')).toEqual([]);
  });

  it('are not, where all are in the past', async () => {
    expect(await notesOf('past.parquet', "TIMESTAMP '2026-05-01' + INTERVAL (i) HOUR")).toEqual([]);
  });
});
