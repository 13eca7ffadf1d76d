import { describe, expect, it } from 'vitest';
import { delayNotes } from '../../../lib/table/check/time-notes.ts';
import { declare, LOG_DEFAULTS, openLog, stage, workplace } from '../fixture.ts';

const place = workplace();
const DAY_MS = 86_400_000;

/** A hundred conversions, each a day later than the row but so many, which are `days` later; the log ends on the 10th. */
async function notesOf(late: number, days: number, options: { readonly followUp?: number } = {}) {
  const path = await place.write(
    `${late}-${days}.parquet`,
    `SELECT i AS row, 'train' AS part, 1 AS click, 1 AS conversion,
      TIMESTAMP '2026-05-01' + to_hours(CAST(i AS INTEGER)) AS ts, ts + to_hours(CASE WHEN i < ${late} THEN ${24 * days} ELSE 24 END) AS bought_at
     FROM range(100) AS t(i)
     UNION ALL SELECT 100, 'train', 1, 0, TIMESTAMP '2026-05-10', NULL`,
  );
  const stages = [
    stage('click', ['impression']),
    stage('conversion', ['click'], { at: 'bought_at', withinMs: 3 * DAY_MS }),
  ];
  const log = await openLog(place, path, declare([], { stages, log: { ...LOG_DEFAULTS, time: 'ts', ...options } }));
  expect(log.rejects).toEqual([]);
  return delayNotes(place.database, log);
}

describe('the notes on delays', () => {
  it('count events after their label is final, unless they are few', async () => {
    expect(await notesOf(2, 4)).toEqual([]);
    expect(await notesOf(3, 4)).toEqual([
      'bought_at: 3 of 100 times (3%) are later than within (3d): labels are not final by then',
    ]);
  });

  it('name events after the last row, unless the log is known to record them', async () => {
    const beyond =
      '1 of 100 times are after the last row, by up to 12.0 h: if the log records events for longer, log.follow_up tells it';
    expect(await notesOf(1, 9.5)).toEqual([`bought_at: ${beyond}`]);
    expect(await notesOf(1, 9.5, { followUp: DAY_MS })).toEqual([]);
  });
});
