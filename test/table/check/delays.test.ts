import { describe, expect, it } from 'vitest';
import { assertAcceptable } from '../../../lib/table/check/acceptable.ts';
import type { CheckedLog } from '../../../lib/table/check/log.ts';
import { readOutcomes } from '../../../lib/table/check/outcomes.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import { PARTS } from '../../../lib/table/encoded.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { declare, LOG_DEFAULTS, openLog, rowsSql, stage, workplace } from '../fixture.ts';

const place = workplace();
const NO_FEATURES: Encoder = {
  features: [],
  embeddings: [],
  inputs: [],
  tables: [],
  vocabularies: {},
  columnKinds: {},
};
const DAY_MS = 86_400_000;
const COLUMNS = 'row, part, ts, click, clicked_at, conversion, bought_at';
const STAGES = [
  stage('click', ['impression'], { at: 'clicked_at' }),
  stage('conversion', ['click'], { at: 'bought_at', withinMs: 3 * DAY_MS }),
];
const DELAYED = declare([], { stages: STAGES, log: { ...LOG_DEFAULTS, time: 'ts' } });

/** A row of May 2026: its time, the time of its click and that of its conversion. */
function row(ts: string, clicked: string | null = null, bought: string | null = null): string {
  const time = (text: string | null) => (text === null ? 'NULL' : `'2026-05-${text}'`);
  return [`'train'`, time(ts), Number(clicked !== null), time(clicked), Number(bought !== null), time(bought)].join(
    ', ',
  );
}

/** Returns the delays and labels of all rows. */
async function encoded(log: CheckedLog) {
  for await (const { delays, labels } of encodeLog(place.database, log, NO_FEATURES)) return { delays, labels };
  throw new Error('log gave no rows');
}

const numbered = (rows: readonly string[]) => rows.map((values, i) => `${i}, ${values}`);
const write = (name: string, rows: readonly string[], columns = COLUMNS) =>
  place.write(name, rowsSql(columns, numbered(rows)));

describe('the delay of an event', () => {
  const ROWS = [
    row('01', '01 06:00', '02 18:00'),
    row('01'),
    row('02', '02 12:00'),
    row('08', '08 12:00', '09 12:00'),
    row('09 12:00', '09 12:00', '10 06:00'),
    row('10'),
  ];
  /** The log ends on the 10th. */
  const days = [1.5, -9, -7.5, 1, 0.75, -1 / DAY_MS];

  it.each(['parquet', 'csv'])(
    'is from the click, or else the row, to it or to the end of the log: %s',
    async (ending) => {
      const log = await openLog(place, await write(`delays.${ending}`, ROWS), DELAYED);
      const { delays, labels } = await encoded(log);
      expect(log.rejects).toEqual([]);
      expect([...(delays.conversion ?? [])]).toEqual(days.map(Math.fround));
      // The labels, which metrics and calibrators are of, stay unknown in young rows.
      expect([...(labels.conversion ?? [])]).toEqual([1, 0, 0, -1, -1, -1]);
      expect((await readOutcomes(place.database, log, PARTS)).labels).toEqual(labels);
    },
  );

  it('is from the row where the click has no time, or may come later itself', async () => {
    const path = await write('from-row.parquet', ROWS);
    for (const click of [
      stage('click', ['impression']),
      stage('click', ['impression'], { at: 'clicked_at', withinMs: DAY_MS }),
    ]) {
      const declaration = { ...DELAYED, stages: [click, STAGES[1] as (typeof STAGES)[number]] };
      const { delays } = await encoded(await openLog(place, path, declaration));
      expect([...(delays.conversion ?? [])].slice(0, 4)).toEqual([1.75, -9, -8, 1.5]);
    }
  });

  it('is not read without within', async () => {
    const stages = [stage('click', ['impression'], { at: 'clicked_at' }), stage('conversion', ['click'])];
    const { delays } = await encoded(await openLog(place, await write('none.parquet', ROWS), { ...DELAYED, stages }));
    expect(delays).toEqual({});
  });

  it('counts for longer, and labels are final earlier, where the log records events after its last row', async () => {
    const declaration = { ...DELAYED, log: { ...DELAYED.log, followUp: 2 * DAY_MS } };
    const log = await openLog(place, await write('longer.parquet', ROWS), declaration);
    const { delays, labels } = await encoded(log);
    expect([...(delays.conversion ?? [])]).toEqual([1.5, -11, -9.5, 1, 0.75, -2].map(Math.fround));
    expect([...(labels.conversion ?? [])]).toEqual([1, 0, 0, 1, -1, -1]);
    expect([log.last, log.end]).toEqual([Date.UTC(2026, 4, 10), Date.UTC(2026, 4, 12)]);
  });
});

describe('a time of an event', () => {
  const good = row('10');
  it.each([
    ['event_time_missing', 'bought_at', "'train', '2026-05-01', 1, '2026-05-01', 1, NULL", null],
    ['event_without_label', 'bought_at', "'train', '2026-05-01', 1, '2026-05-01', 0, '2026-05-02'", '2026-05-02'],
    ['event_without_label', 'clicked_at', "'train', '2026-05-01', 0, '2026-05-01', 0, NULL", '2026-05-01'],
    ['event_too_early', 'clicked_at', row('05', '04'), '2026-05-04'],
    ['event_too_early', 'bought_at', row('05', '05 12:00', '05 11:59'), '2026-05-05 11:59'],
    ['time_not_valid', 'bought_at', "'train', '2026-05-01', 1, '2026-05-01', 1, 'soon'", 'soon'],
    ['event_after_log', 'bought_at', row('05', '05', '11 00:01'), '2026-05-11 00:01:00'],
  ])('is bad: %s of %s', async (reason, column, bad, value) => {
    const log = await openLog(
      place,
      await write('bad.csv', [good, bad, row('11', null, null).replace('11', '10')]),
      DELAYED,
    );
    expect(log.rejects).toEqual([{ reason, column, rows: 1, examples: [{ row: 1, value }] }]);
    expect((await readOutcomes(place.database, log, PARTS)).rows).toBe(2);
  });

  it('is good at most a day after the last row, or log.follow_up, and one that is later moves no end', async () => {
    const rows = [row('01'), row('10', '10', '11'), row('05', '05', '30')];
    const log = await openLog(place, await write('late.parquet', rows), DELAYED);
    expect(log.end).toBe(Date.UTC(2026, 4, 10));
    expect(() => assertAcceptable(log)).toThrow(
      'log rows rejected: 1 of 3 rows (33.3%), allowed 0% (log.max_rejected): event_after_log in bought_at: 1 row, ' +
        'got "2026-05-30 00:00:00", expected at most a day after the last row, or log.follow_up, if it records events for longer, in row 2',
    );
    const followed = { ...DELAYED, log: { ...DELAYED.log, followUp: 19 * DAY_MS } };
    expect((await openLog(place, await write('late.parquet', rows), followed)).rejects).toEqual([]);
  });

  it('must be there, and of a type that can be a time', async () => {
    const path = await write(
      'untimed.parquet',
      ["'train', '2026-05-01', 1, true, 0"],
      'row, part, ts, click, clicked_at, conversion',
    );
    await expect(openLog(place, path, DELAYED)).rejects.toMatchObject({
      code: 'columns_missing',
      message: `log columns missing: bought_at (in ${path})`,
    });
    const other = await write('types.parquet', ["'train', '2026-05-01', 1, true, 0, [1]"]);
    await expect(openLog(place, other, DELAYED)).rejects.toMatchObject({
      code: 'column_types',
      message: `log columns of a wrong type: clicked_at is BOOLEAN, expected a timestamp, a date, a number since 1970 or text; bought_at is INTEGER[], expected a timestamp, a date, a number since 1970 or text (in ${other})`,
    });
  });
});
