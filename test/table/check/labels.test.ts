import { describe, expect, it } from 'vitest';
import { readOutcomes } from '../../../lib/table/check/outcomes.ts';
import { PARTS } from '../../../lib/table/encoded.ts';
import { declare, LOG_DEFAULTS, openLog, rowsSql, stage, workplace } from '../fixture.ts';

const place = workplace();
const DAY = 86_400_000;
const WITHIN = declare([], {
  stages: [stage('click', ['impression']), stage('conversion', ['click'], { withinMs: 7 * DAY })],
  log: { ...LOG_DEFAULTS, time: 'ts' },
});
const COLUMNS = 'row, click, conversion, part, ts';

/** Ten clicked rows of ten days, the last seven of them younger than a week at the end of the log. */
const days = (labelOf: (day: number) => string) =>
  Array.from(
    { length: 10 },
    (_, day) => `${day}, 1, ${labelOf(day)}, 'train', '2026-05-${String(day + 1).padStart(2, '0')}'`,
  );

async function outcomesOf(name: string, rows: readonly string[]) {
  const log = await openLog(place, await place.write(name, rowsSql(COLUMNS, rows)), WITHIN);
  return { rejects: log.rejects, end: log.end, start: log.start, ...(await readOutcomes(place.database, log, PARTS)) };
}

describe('a label that is missing although the stage before was reached', () => {
  it.each(['parquet', 'csv'])('is unknown while it is not final, as any other label is: %s', async (extension) => {
    const isYoung = (day: number) => day >= 3;
    const zero = await outcomesOf(
      `zero.${extension}`,
      days((day) => (isYoung(day) ? '0' : '1')),
    );
    const missing = await outcomesOf(
      `missing.${extension}`,
      days((day) => (isYoung(day) ? 'NULL' : '1')),
    );
    expect(missing).toEqual(zero);
    expect([...(missing.labels.conversion ?? [])]).toEqual([1, 1, 1, -1, -1, -1, -1, -1, -1, -1]);
    expect([...(missing.labels.click ?? [])]).toEqual(Array(10).fill(1));
  });

  it('is bad once it should be final, and such a row does not begin the log', async () => {
    const log = await outcomesOf(
      'old.parquet',
      days((day) => (day === 0 || day === 2 || day === 9 ? 'NULL' : '1')),
    );
    expect(log.rejects).toEqual([
      {
        reason: 'label_missing',
        column: 'conversion',
        rows: 2,
        examples: [
          { row: 0, value: null },
          { row: 2, value: null },
        ],
      },
    ]);
    expect(log.rows).toBe(8);
    expect(log.start).toBe(Date.UTC(2026, 4, 2));
    expect(log.end).toBe(Date.UTC(2026, 4, 10));
  });

  it('is bad at any age without within', async () => {
    const declaration = declare([], { log: { ...LOG_DEFAULTS, time: 'ts' } });
    const path = await place.write(
      'without.parquet',
      rowsSql(
        COLUMNS,
        days((day) => (day === 9 ? 'NULL' : '1')),
      ),
    );
    expect((await openLog(place, path, declaration)).rejects).toMatchObject([{ reason: 'label_missing', rows: 1 }]);
  });
});

describe('a label', () => {
  it.each([
    ['boolean', ['true', 'false']],
    ['double', ['1.0::DOUBLE', '0.0::DOUBLE']],
    ['decimal', ['1.00::DECIMAL(4,2)', '0.00::DECIMAL(4,2)']],
    ['words', ["'TRUE'", "'False'"]],
    ['postgres', ["'t'", "'f'"]],
    ['yes and no', ["'Yes'", "'no'"]],
    ['letters', ["'Y'", "'N'"]],
    ['exponents', ["'1.000000e+00'", "'0.0E0'"]],
    ['padded', ["' 1'", "'0 '"]],
  ])('may be %s', async (name, [one, zero]) => {
    const rows = [`1, ${one}, ${one}, 'train'`, `2, ${one}, ${zero}, 'train'`, `3, ${zero}, ${zero}, 'train'`];
    const path = await place.write(`${name}.parquet`, rowsSql('row, click, conversion, part', rows));
    const log = await openLog(place, path, declare([]));
    const { labels } = await readOutcomes(place.database, log, PARTS);
    expect([...(labels.click ?? [])]).toEqual([1, 1, 0]);
    expect([...(labels.conversion ?? [])]).toEqual([1, 0, 0]);
  });

  it.each([
    ['NaN', "'NaN'::DOUBLE"],
    ['a null value', "'NULL'"],
    ['blank', "'  '"],
  ])('that is %s is missing, which is 0 without the stage before', async (name, sql) => {
    const rows = [`1, 0, ${sql}, 'train'`, `2, 1, ${sql}, 'train'`];
    const path = await place.write(
      `missing-${name.replace(' ', '-')}.parquet`,
      rowsSql('row, click, conversion, part', rows),
    );
    expect((await openLog(place, path, declare([]))).rejects).toMatchObject([
      { reason: 'label_missing', column: 'conversion', rows: 1, examples: [{ row: 1 }] },
    ]);
  });

  it('is not binary if it is another word or number', async () => {
    const rows = ["1, 'maybe', '0', 'train'", "2, '2', '0', 'train'", "3, '0.5', '0', 'train'"];
    const path = await place.write('words.csv', rowsSql('row, click, conversion, part', rows));
    expect((await openLog(place, path, declare([]))).rejects).toMatchObject([{ reason: 'label_not_binary', rows: 3 }]);
  });
});
