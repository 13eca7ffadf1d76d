/** Rows and labels of a log by day, in UTC. */
import type { Declaration } from '../../../config/declaration.ts';
import { count, countOf } from '../../../numbers/text.ts';
import { labelledStages } from '../../check/labels.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, query } from '../../database.ts';

/** The rows of a day, or of several days in a row. */
export interface DayCounts {
  /** First day, as `2026-05-01`, and how many days from it on are counted. */
  readonly from: string;
  readonly days: number;
  readonly rows: number;
  /** Rows whose label is known, and those among them that have it, by labelled stage. */
  readonly labels: Readonly<Record<string, { readonly known: number; readonly positives: number }>>;
}

const DAY_MS = 86_400_000;
/** Lines of a table that a person takes in at a glance. */
const MOST_LINES = 14;
/** A day of less than this share of the median day's rows is told. */
const FEW_ROWS = 0.1;
/** Events that are expected of a day, by the log's own rate, from which it is told that there is none. */
const EXPECTED_EVENTS = 20;

/** Counts the good rows of every day from the first to the last; none where the log has no time. */
export async function countDays(database: Database, log: PreparedLog): Promise<readonly DayCounts[]> {
  if (log.declaration.log.time === null) return [];
  const stages = labelledStages(log.declaration);
  const counted = stages.flatMap((_, i) => [
    `count(*) FILTER ("#label${i}" >= 0) AS known${i}`,
    `count(*) FILTER ("#label${i}" = 1) AS positives${i}`,
  ]);
  const found = await query(
    database,
    `SELECT ${['CAST("#time" // 86400000 AS BIGINT) AS day', 'count(*) AS rows', ...counted].join(', ')}
     FROM ${goodLogRows(log, [])} GROUP BY day ORDER BY day`,
  );
  const days = found.map((row) => ({
    day: Number(row.day),
    rows: Number(row.rows),
    labels: Object.fromEntries(
      stages.map(({ name }, i) => [name, { known: Number(row[`known${i}`]), positives: Number(row[`positives${i}`]) }]),
    ),
  }));
  return days.map(({ day, ...counts }, index) => ({
    from: new Date(day * DAY_MS).toISOString().slice(0, 10),
    // A day without rows is told with the one before.
    days: (days[index + 1]?.day ?? day + 1) - day,
    ...counts,
  }));
}

/** Joins days to as few periods of equal length as a table has lines. */
export function groupDays(days: readonly DayCounts[]): readonly DayCounts[] {
  const span = days.reduce((sum, day) => sum + day.days, 0);
  const length = Math.max(1, Math.ceil(span / MOST_LINES));
  const periods: DayCounts[] = [];
  let at = 0;
  for (const day of days) {
    const period = Math.floor(at / length);
    const before = periods[period];
    periods[period] =
      before === undefined
        ? {
            ...day,
            from: daysAfter(days[0]?.from ?? day.from, period * length),
            days: Math.min(length, span - period * length),
          }
        : joined(before, day);
    at += day.days;
  }
  return periods.filter((period) => period !== undefined);
}

/** Returns notes on days that lack rows or events: mostly a part of a delivery that is missing. */
export function dayNotes(days: readonly DayCounts[], { stages }: Pick<Declaration, 'stages'>): string[] {
  const median = [...days].sort((a, b) => a.rows - b.rows)[days.length >> 1]?.rows ?? 0;
  const empty = days.flatMap((day) => (day.days > 1 ? [{ ...day, days: day.days - 1 }] : []));
  const gaps = empty.reduce((sum, day) => sum + day.days, 0);
  // A log with rows on few of its days has no days that lack them.
  const hasGaps = gaps > 0 && gaps <= days.length / 2;
  // The first and the last day are seldom whole.
  const few = days.slice(1, -1).filter(({ rows }) => rows < FEW_ROWS * median);
  return [
    ...(hasGaps
      ? [
          `no row is of ${countOf(gaps, 'day')} of ${count(gaps + days.length)}, the first after ${empty[0]?.from}: was a part of the log not delivered?`,
        ]
      : []),
    ...(few.length === 0
      ? []
      : [
          `${few[0]?.from} has ${countOf(few[0]?.rows ?? 0, 'row')}, the median day ${count(median)}${more(few.length)}: was a part of the log not delivered?`,
        ]),
    ...stages.flatMap(({ name }) => {
      const without = daysWithout(days, name);
      return without.length === 0
        ? []
        : [
            `no ${name} is of ${without[0]?.from}, where some ${count(without[0]?.expected ?? 0)} were to be expected${more(without.length)}: were they lost on the way?`,
          ];
    }),
  ];
}

function daysAfter(day: string, count: number): string {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

function joined(one: DayCounts, other: DayCounts): DayCounts {
  const labels = Object.entries(one.labels).map(([stage, { known, positives }]) => {
    const more = other.labels[stage] ?? { known: 0, positives: 0 };
    return [stage, { known: known + more.known, positives: positives + more.positives }] as const;
  });
  return { ...one, rows: one.rows + other.rows, labels: Object.fromEntries(labels) };
}

function daysWithout(
  days: readonly DayCounts[],
  stage: string,
): { readonly from: string; readonly expected: number }[] {
  const sum = (of: 'known' | 'positives') => days.reduce((total, { labels }) => total + (labels[stage]?.[of] ?? 0), 0);
  const rate = sum('positives') / Math.max(1, sum('known'));
  return days.flatMap(({ from, labels }) => {
    const { known = 0, positives = 0 } = labels[stage] ?? {};
    const expected = rate * known;
    return positives === 0 && expected >= EXPECTED_EVENTS ? [{ from, expected }] : [];
  });
}

function more(days: number): string {
  return days === 1 ? '' : `, and ${countOf(days - 1, 'other day')} ${days === 2 ? 'is' : 'are'} like it`;
}
