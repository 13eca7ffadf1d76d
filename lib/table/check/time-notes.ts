/**
 * Notes on times that are most likely read in another unit or zone than was meant, and on those of events that do not fit
 * what is declared of them.
 */
import { durationText } from '../../config/units.ts';
import { count, countOf, duration, listed, minute, percent } from '../../numbers/text.ts';
import { type Database, query, queryOne } from '../database.ts';
import { TIME_FORMS } from '../values/times.ts';
import { delayedStages, timeName } from './delays.ts';
import { goodLogRows, goodTimes, type PreparedLog, type PreparedRows } from './prepared-rows.ts';

const HOUR_MS = 3_600_000;
/** Share of a stage's events that may come after its labels are final. */
const MOST_LATE = 0.02;

/** No log of impressions is older; an instant before is a number that was read in another unit. */
const EARLIEST = Date.UTC(2000, 0, 1);

/** The times of a log's good rows, in epoch milliseconds. */
interface Times {
  /** Column that they are read from; `null` if none is declared. */
  readonly column: string | null;
  readonly start: number | null;
  readonly last: number | null;
  readonly end: number | null;
  readonly now: number;
}

/**
 * Returns a note if the times are of several forms, one if there are rows before the year 2000, and one if there are rows
 * in the future.
 */
export async function timeNotes(
  database: Database,
  prepared: PreparedRows,
  { column, start, last, end, now }: Times,
): Promise<string[]> {
  if (column === null || start === null || last === null || end === null) return [];
  const notes = await formNotes(database, prepared, { column, end });
  if (start >= EARLIEST && last <= now) return notes;
  const { early, late, rows } = await queryOne(
    database,
    `SELECT count(*) FILTER (time < ${EARLIEST}) AS early, count(*) FILTER (time > ${now}) AS late, count(*) AS rows
     FROM ${goodTimes(prepared, end)}`,
  );
  const of = (some: unknown) => `${count(Number(some))} of ${countOf(Number(rows), 'row')}`;
  return [
    ...notes,
    ...(start >= EARLIEST
      ? []
      : [`${column}: ${of(early)} are before 2000, the first at ${minute(new Date(start))}: is it in another unit?`]),
    ...(last <= now
      ? []
      : [
          `${column}: ${of(late)} are in the future, the last at ${minute(new Date(last))}: is it in another time zone?`,
        ]),
  ];
}

/** Seconds and milliseconds in one column are each read as what they are, but hardly meant. */
async function formNotes(
  database: Database,
  prepared: PreparedRows,
  { column, end }: { readonly column: string; readonly end: number },
): Promise<string[]> {
  const forms = await query(
    database,
    `SELECT form, count(*) AS rows, min("row") AS first FROM ${goodTimes(prepared, end)} GROUP BY form ORDER BY first`,
  );
  if (forms.length < 2) return [];
  const told = forms.map(({ form, rows, first }) => {
    const title = form === null ? 'dates' : TIME_FORMS[Number(form)]?.title;
    return `${countOf(Number(rows), 'row')} as ${title} (first in row ${count(Number(first))})`;
  });
  return [`${column}: ${listed(told)}: are the times of several units?`];
}

/**
 * Returns a note for each stage of whose events more than a few come after `within`, so that labels that count as final
 * are not; and one for each whose events go on for more than an hour after the end of the log, so that the time for which others were not
 * seen is longer than it is taken for.
 */
export async function delayNotes(database: Database, log: PreparedLog): Promise<string[]> {
  const stages = delayedStages(log.declaration);
  if (stages.length === 0 || log.end === null) return [];
  const { end } = log;
  const counted = stages.flatMap((stage, i) => {
    const time = timeName(log.declaration, stage);
    return [
      `count(${time}) AS seen${i}`,
      `count(*) FILTER (${time} - "#time" > ${stage.withinMs}) AS late${i}`,
      `count(*) FILTER (${time} > ${end}) AS after${i}`,
      `max(${time}) AS last${i}`,
    ];
  });
  const found = await queryOne(database, `SELECT ${counted.join(', ')} FROM ${goodLogRows(log, [])}`);
  return stages.flatMap(({ at, withinMs }, i) => {
    const of = (key: 'seen' | 'late' | 'after' | 'last') => Number(found[`${key}${i}`]);
    const [seen, late, after] = [of('seen'), of('late'), of('after')];
    const share = `${count(late)} of ${count(seen)} times (${percent(late / seen)})`;
    return [
      ...(late > MOST_LATE * seen
        ? [`${at}: ${share} are later than within (${durationText(withinMs)}): labels are not final by then`]
        : []),
      ...(of('last') > end + HOUR_MS
        ? [
            `${at}: ${count(after)} of ${count(seen)} times are after the last row, by up to ${duration((of('last') - end) / 1000)}: if the log records events for longer, log.follow_up tells it`,
          ]
        : []),
    ];
  });
}
