/** What `validate` says of a log besides its features: days, how its parts differ, and columns that are not declared. */
import { describe, expect, it } from 'vitest';
import { type DayCounts, dayNotes, groupDays } from '../../../../lib/table/fit/inspect/days.ts';
import { driftNotes, partDrifts, rateNotes } from '../../../../lib/table/fit/inspect/part-drift.ts';
import { validateLog } from '../../../../lib/table/fit/validate.ts';
import { bag, declare, LOG_DEFAULTS, number, openLog, stage, workplace } from '../../fixture.ts';

const place = workplace({ threads: 2 });

/** Days from 2026-05-01 on, of so many rows and events each; `null` is a day without rows. */
type Day = readonly [rows: number, positives: number] | null;

function daysOf(...all: readonly Day[]): DayCounts[] {
  return all.flatMap((one, index) => {
    if (one === null) return [];
    const next = all.findIndex((other, at) => at > index && other !== null);
    const from = new Date(Date.UTC(2026, 4, 1 + index)).toISOString().slice(0, 10);
    const labels = { click: { known: one[0], positives: one[1] } };
    return { from, days: next < 0 ? 1 : next - index, rows: one[0], labels };
  });
}

describe('days', () => {
  it('are grouped to at most 14 lines of equal length, which have all rows', () => {
    const days = daysOf(...Array.from({ length: 31 }, () => [100, 10] as const));
    const periods = groupDays(days);
    expect(periods.map(({ from }) => from).slice(0, 2)).toEqual(['2026-05-01', '2026-05-04']);
    expect(periods.length).toBe(11);
    expect(periods.at(-1)).toMatchObject({ from: '2026-05-31', days: 1, rows: 100 });
    expect(periods.reduce((sum, { rows }) => sum + rows, 0)).toBe(3100);
    // A period begins on its first day, whether that has rows or not.
    const gaps = Array.from({ length: 28 }, (_, day) => (day === 2 ? null : ([5, 1] as const)));
    expect(groupDays(daysOf(...gaps))[1]).toMatchObject({ from: '2026-05-03', days: 2, rows: 5 });
    expect(groupDays(daysOf([5, 1], [5, 1]))).toEqual(daysOf([5, 1], [5, 1]));
  });

  it('without rows, with few and without events are told, and a whole log is not', () => {
    const told = (...days: Day[]) => dayNotes(daysOf(...days), { stages: [stage('click', ['impression'])] });
    const day = [1000, 100] as const;
    expect(told(day, day, [90, 9])).toEqual([]);
    expect(told(day, day, null, day)).toEqual([
      'no row is of 1 day of 4, the first after 2026-05-02: was a part of the log not delivered?',
    ]);
    expect(told(day, [90, 9], day, day)).toEqual([
      '2026-05-02 has 90 rows, the median day 1,000: was a part of the log not delivered?',
    ]);
    expect(told(day, day, [1000, 0], [1000, 0])).toEqual([
      'no click is of 2026-05-03, where some 50 were to be expected, and 1 other day is like it: were they lost on the way?',
    ]);
  });
});

describe('the drift between parts', () => {
  const rows = 3000;
  const part = Uint8Array.from({ length: rows }, (_, row) => (row < 2000 ? 0 : row < 2500 ? 1 : 2));
  const drifts = (keyOf: (row: number) => number, isOrdered: boolean) =>
    partDrifts({ feature: 'x', keys: Uint32Array.from({ length: rows }, (_, row) => keyOf(row)), part, isOrdered });

  it('is nothing where values are the same in all parts, and large where they are others', () => {
    for (const isOrdered of [true, false]) {
      for (const { index } of drifts((row) => row % 10, isOrdered)) expect(index).toBeCloseTo(0, 2);
      for (const { index } of drifts((row) => (row < 2000 ? row % 10 : 10 + (row % 10)), isOrdered))
        expect(index).toBeGreaterThan(5);
      expect(driftNotes(drifts((row) => row % 10, isOrdered))).toEqual([]);
    }
    // All ids are new in each part, and each is rare: that is no drift of what is frequent.
    expect(driftNotes(drifts((row) => (row * 2654435761) >>> 0, false))).toEqual([]);
  });

  it('is the stability index of the shares', () => {
    // Two values of equal shares in training, of 1/4 and 3/4 in the test rows: 2 * 0.25 * ln(3) / 2 + ...
    const [, test] = drifts((row) => (row < 2500 ? row % 2 : Number(row % 4 > 0)), false);
    expect(test?.index).toBeCloseTo(-0.25 * Math.log(0.5) + 0.25 * Math.log(1.5), 6);
  });

  it('names the features that differ most, and what to do', () => {
    expect(driftNotes(drifts((row) => row, true))[0]).toMatch(
      /^values are distributed in another way than in the training rows, by a stability index above 0.25: x \(\S+ in (validation|test), \S+ in (validation|test)\): a model hardly learns from values that it does not meet again, such as dates and counters; leave them out, or write what lasts, such as an age or an hour$/,
    );
  });

  it('is that of the values of a bag, and of how many it has', async () => {
    // Rows of the training part have a and b, those of the test part b, and c beside it in three rows of four.
    const log = `SELECT i AS row, (hash(i) % 5 = 0)::INT AS click, (hash(i) % 10 = 0)::INT AS conversion, CASE WHEN i % 2 = 0 THEN 'test' ELSE 'train' END AS part,
      CASE WHEN i % 2 = 1 THEN ['a', 'b'] WHEN i % 8 = 0 THEN ['b'] ELSE ['b', 'c'] END AS seen,
      CASE WHEN i % 3 = 0 THEN [] ELSE ['x'] END AS same FROM range(4000) t(i)`;
    const source = await place.write('bags.parquet', log);
    const { drift } = await validateLog(
      place.database,
      await openLog(place, source, declare([bag('seen'), bag('same')])),
    );
    const indexOf = (feature: string, of: string) =>
      drift.find((one) => one.feature === feature && one.of === of && one.part === 'test')?.index;
    // Shares of a, b and c: 1/2, 1/2 and next to none in training; none, 4/7 and 3/7 in the test rows.
    const [train, test] = [0.5 / 3500, 0.5 / 3500];
    const psi = (p: number, q: number) => (p - q) * Math.log(p / q);
    expect(indexOf('seen', 'values')).toBeCloseTo(psi(0.5, test) + psi(0.5, 4 / 7) + psi(train, 3 / 7), 6);
    // Two values in every row of training; one in a quarter of the test rows.
    expect(indexOf('seen', 'length')).toBeCloseTo(psi(1, 0.75) + psi(0.5 / 2000, 0.25), 6);
    expect(indexOf('same', 'values')).toBeCloseTo(0, 4);
    expect(driftNotes(drift)[0]).toMatch(
      / above 0\.25: seen \([\d.]+ in test\), the length of seen \([\d.]+ in test\): /,
    );
  });

  it('is also noted of label rates, beyond what chance explains', () => {
    const labels = (positives: number, negatives: number) => ({
      labels: { click: { positives, negatives, unknown: 0, weightedRows: 1, weightedPositives: 1 } },
    });
    const parts = (train: number, test: number) => ({
      train: labels(train, 10_000 - train),
      validation: labels(0, 0),
      test: labels(test, 2000 - test),
    });
    expect(rateNotes(parts(1000, 200))).toEqual([]);
    expect(rateNotes(parts(10, 4))).toEqual([]);
    expect(rateNotes(parts(1000, 80))).toEqual([
      'click happened in 10% of the training rows and in 4% of the test rows: early stopping, calibration and metrics are by other rows than training; was the log recorded in another way, or its labels lost?',
    ]);
  });
});

describe('columns that are not declared', () => {
  // More rows than are looked at one by one.
  const LOG = `SELECT i AS row, h % 5 // 4 AS click, h % 10 // 9 AS conversion, CASE WHEN i % 4 = 0 THEN 'test' ELSE 'train' END AS part,
    h // 100 % 11 AS noise, CASE WHEN h % 10 = 9 THEN i END AS order_id, CASE WHEN h % 5 = 4 THEN h / 7 ELSE -h / 7 END AS dwell,
    CAST(CASE WHEN h % 10 = 9 THEN 17.5 + i % 3 END AS VARCHAR) AS paid, 7 AS constant, CAST(NULL AS DOUBLE) AS nothing, 'u' || i AS unique_id,
    CASE WHEN h % 3 = 0 THEN h END AS sparse, [i] AS listed, h % 10 // 9 AS known_later
    FROM (SELECT i, i * 7919 % 10007 AS h FROM range(250000) t(i))`;

  it('are named, with those that tell a label alone', async () => {
    const declaration = declare([number('noise')], {
      log: { ...LOG_DEFAULTS, outcomes: ['known_later'] },
    });
    const log = await openLog(place, await place.write('others.parquet', LOG), declaration);
    const { summary } = await validateLog(place.database, log);
    expect(summary.notes).toEqual([
      'columns of the log that are not used: order_id (90% missing), dwell, paid (90% missing), constant (one value), nothing (no value), unique_id, sparse (66.7% missing), listed',
      ...[
        ['order_id', 'conversion'],
        ['dwell', 'click'],
        // Each of its values occurs 25 times.
        ['dwell', 'conversion'],
        ['paid', 'conversion'],
      ].map(
        ([name, stage]) =>
          `${name}, which is not declared, alone tells ${stage} with an AUC of 1.000: it is most likely known only afterwards; log.outcomes keeps it from becoming a feature`,
      ),
    ]);
  });
});
