import { describe, expect, it } from 'vitest';
import { readOutcomes } from '../../../lib/table/check/outcomes.ts';
import { findSegments } from '../../../lib/table/check/segments.ts';
import { PARTS } from '../../../lib/table/encoded.ts';
import { declare, number, openLog, workplace } from '../fixture.ts';

const place = workplace();
const SQL = `SELECT i AS row, CASE WHEN i < 10 THEN 'train' ELSE 'test' END AS part, CAST(i % 3 = 0 AS INTEGER) AS click,
  CAST(i % 9 = 0 AS INTEGER) AS conversion, i AS x, CASE WHEN i % 4 = 0 THEN NULL WHEN i % 4 = 1 THEN 'it''s' ELSE 'b' END AS country,
  CAST(i AS DOUBLE) AS many FROM range(50) t(i)`;

async function openSegments(name: string) {
  const declaration = declare([number('x')], { report: { segments: ['country', 'many'] } });
  const log = await openLog(place, await place.write(name, SQL), declaration);
  return { log, segments: await findSegments(place.database, log, ['test']) };
}

describe('segments', () => {
  it.each(['segments.parquet', 'segments.csv'])(
    'are the most frequent values in a part, including the missing value: %s',
    async (name) => {
      const { segments } = await openSegments(name);
      expect(segments[0]).toEqual({ column: 'country', values: ['b', "it's", null] });
      expect(segments[1]?.column).toBe('many');
      // Each of these values occurs once: the segments are the first twelve as text.
      expect(segments[1]?.values).toEqual(['10', '11', '12', '13', '14', '15', '16', '17', '18', '19', '20', '21']);
    },
  );

  it('have a code for each row, the position of its value or -1 for a rarer one', async () => {
    const { log } = await openSegments('codes.parquet');
    const { rows, segments } = await readOutcomes(place.database, log, ['test']);
    expect(rows).toBe(40);
    expect(segments.map(({ column }) => column)).toEqual(['country', 'many']);
    // The codes of the rows 10 to 49.
    expect([...(segments[0]?.codes.slice(0, 8) ?? [])]).toEqual([0, 0, 2, 1, 0, 0, 2, 1]);
    expect([...(segments[1]?.codes ?? [])]).toEqual(Array.from({ length: 40 }, (_, row) => (row < 12 ? row : -1)));
  });

  it('are empty for a part without rows', async () => {
    const { log } = await openSegments('none.parquet');
    expect(await findSegments(place.database, log, ['validation'])).toEqual([
      { column: 'country', values: [] },
      { column: 'many', values: [] },
    ]);
    const { rows, segments } = await readOutcomes(place.database, log, ['validation']);
    expect({ rows, codes: segments.map(({ codes }) => [...codes]) }).toEqual({ rows: 0, codes: [[], []] });
  });

  it('can be read for several parts at once', async () => {
    const { log } = await openSegments('all.parquet');
    const { segments } = await readOutcomes(place.database, log, PARTS);
    expect([...(segments[0]?.codes.slice(0, 8) ?? [])]).toEqual([2, 1, 0, 0, 2, 1, 0, 0]);
  });

  it('fail if the log lacks their column', async () => {
    const declaration = declare([number('x')], { report: { segments: ['nowhere'] } });
    const path = await place.write('without.parquet', SQL);
    await expect(openLog(place, path, declaration)).rejects.toThrow(`log columns missing: nowhere (in ${path})`);
  });
});
