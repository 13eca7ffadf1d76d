/** Notes on times that are most likely read in another unit or zone than was meant. */
import { count, countOf, listed, minute } from '../../numbers/text.ts';
import { type Database, query, queryOne } from '../database.ts';
import { TIME_FORMS } from '../values/times.ts';
import { goodTimes, type PreparedRows } from './prepared-rows.ts';

/** No log of impressions is older; an instant before is a number that was read in another unit. */
const EARLIEST = Date.UTC(2000, 0, 1);

/** The times of a log's good rows, in epoch milliseconds. */
interface Times {
  /** Column that they are read from; `null` if none is declared. */
  readonly column: string | null;
  readonly start: number | null;
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
  { column, start, end, now }: Times,
): Promise<string[]> {
  if (column === null || start === null || end === null) return [];
  const notes = await formNotes(database, prepared, { column, end });
  if (start >= EARLIEST && end <= now) return notes;
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
    ...(end <= now
      ? []
      : [
          `${column}: ${of(late)} are in the future, the last at ${minute(new Date(end))}: is it in another time zone?`,
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
