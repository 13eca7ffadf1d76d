import { expect, it } from 'vitest';
import { findSegments } from '../../../lib/table/check/segments.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { declare, number, openLog, workplace } from '../fixture.ts';

const place = workplace();
const SQL = `SELECT i AS row, CASE WHEN i < 10 THEN 'train' ELSE 'test' END AS part, CAST(i % 3 = 0 AS INTEGER) AS click,
  CAST(i % 9 = 0 AS INTEGER) AS conversion, i AS x, CASE WHEN i % 4 = 0 THEN NULL WHEN i % 4 = 1 THEN 'it''s' ELSE 'b' END AS country,
  CAST(i AS DOUBLE) AS many FROM range(50) t(i)`;

async function openSegments(name: string) {
  const declaration = declare([number('x')], { report: { segments: ['country', 'many'] } });
  const log = await openLog(place, await place.write(name, SQL), declaration);
  return { log, segments: await findSegments(place.database, log, declaration.report.segments, 'test') };
}

it.each(['segments.parquet', 'segments.csv'])(
  'are the most frequent values of a part, a missing one among them: %s',
  async (name) => {
    const { segments } = await openSegments(name);
    expect(segments[0]).toEqual({ column: 'country', values: ['b', "it's", null] });
    expect(segments[1]?.column).toBe('many');
    // Each of these values is there once: the first twelve as text.
    expect(segments[1]?.values).toEqual(['10', '11', '12', '13', '14', '15', '16', '17', '18', '19', '20', '21']);
  },
);

it('tell each row of the encoded log which value it has, rarer ones and those of other parts as -1', async () => {
  const { log, segments } = await openSegments('codes.parquet');
  const { encoder } = await fitEncoder(place.database, log);
  const codes = { country: [] as number[], many: [] as number[] };
  for await (const chunk of encodeLog(place.database, log, encoder, { segments, chunkRows: 7 })) {
    codes.country.push(...(chunk.segments.country ?? []));
    codes.many.push(...(chunk.segments.many ?? []));
  }
  expect(codes.country.slice(0, 8)).toEqual([2, 1, 0, 0, 2, 1, 0, 0]);
  expect(codes.many).toEqual(Array.from({ length: 50 }, (_, row) => (row >= 10 && row < 22 ? row - 10 : -1)));
});

it('are none of a part without rows', async () => {
  const { log } = await openSegments('none.parquet');
  const segments = await findSegments(place.database, log, ['country'], 'validation');
  expect(segments).toEqual([{ column: 'country', values: [] }]);
  const { encoder } = await fitEncoder(place.database, log);
  for await (const chunk of encodeLog(place.database, log, encoder, { segments }))
    expect([...(chunk.segments.country ?? [])]).toEqual(new Array(50).fill(-1));
});

it('need their columns in the log', async () => {
  const declaration = declare([number('x')], { report: { segments: ['nowhere'] } });
  const path = await place.write('without.parquet', SQL);
  await expect(openLog(place, path, declaration)).rejects.toThrow(`log columns missing: nowhere (in ${path})`);
});
