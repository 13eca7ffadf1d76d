/** Instants as SQL. */
import type { Value } from '../columns.ts';
import { literal } from '../database.ts';
import { bind } from './bind.ts';
import { presentText } from './texts.ts';
import { timestampOf } from './time-texts.ts';

/** A form in which a number or digits can be an instant. */
export interface TimeForm {
  readonly title: string;
  /** The numbers of this form, as a SQL condition over their absolute value. */
  readonly least: string;
  readonly below: string;
  /** Returns the SQL of the epoch milliseconds of such an integer; NULL if it is no instant. */
  toMs(integer: string): string;
}

const calendar = (title: string, format: string, least: string, below: string): TimeForm => ({
  title,
  least,
  below,
  toMs: (integer) => `epoch_ms(try_strptime(CAST(${integer} AS VARCHAR), ${literal(format)}))`,
});

/**
 * The forms, of which the first that fits is meant. Read as a number since 1970, a calendar form would be an instant of
 * 1970, of 1976, or of the far future.
 */
export const TIME_FORMS: readonly TimeForm[] = [
  calendar('yyyymmdd', '%Y%m%d', '19000101', '21001232'),
  // As seconds, these would be instants of 2033 and later.
  calendar('yyyymmddhh', '%Y%m%d%H', '2000010100', '2036123124'),
  calendar('yyyymmddhhmm', '%Y%m%d%H%M', '190001010000', '210012312360'),
  calendar('yyyymmddhhmmss', '%Y%m%d%H%M%S', '19000101000000', '21001231235960'),
  { title: 'seconds', least: '0', below: '1e11', toMs: (n) => `${n} * 1000` },
  { title: 'milliseconds', least: '1e11', below: '1e14', toMs: (n) => n },
  { title: 'microseconds', least: '1e14', below: '1e17', toMs: (n) => `${n} // 1000` },
  { title: 'nanoseconds', least: '1e17', below: '1e20', toMs: (n) => `${n} // 1000000` },
];

const INTEGER = '[-+]?[0-9]{1,20}';
const NUMBER = '[-+]?[0-9]+\\.[0-9]*(?:[eE]\\+?[0-9]+)?|[0-9]+[eE]\\+[0-9]+';
/** `20260501T100000Z`, the short form of ISO 8601. */
const SHORT = '[0-9]{8}T[0-9]{4}(?:[0-9]{2})?Z?';
/** Year, month and day in this order, with a time of day or without: any other order could be another day. */
const CALENDAR =
  '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:Z|z|UTC|GMT|[-+][0-9]{2}(?::?[0-9]{2})?))?)?';

/**
 * Returns the SQL of an instant in epoch milliseconds, NULL if the value is missing or not an instant. Text without a
 * zone is UTC. Numbers are yyyymmdd with or without a time of day, or count from 1970, in the unit that their size
 * tells: seconds below 1e11 (until May 2033, where `yyyymmddhh` begins), milliseconds below 1e14, microseconds below 1e17, nanoseconds below 1e20.
 */
export function timeSql(value: Value): string {
  const { sql, kind } = value;
  switch (kind) {
    case 'time':
      return `CASE WHEN isfinite(${sql}) THEN epoch_ms(${sql}) END`;
    case 'integer':
      return integerMs(sql);
    case 'text':
      return bind('time', presentText(value), textMs);
    default:
      return floatingMs(`CAST(${sql} AS DOUBLE)`);
  }
}

/** Returns the SQL of the position, among `TIME_FORMS`, of the form of a time; NULL for what is no number. */
export function timeFormSql(value: Value): string {
  const { sql, kind } = value;
  if (kind === 'time') return 'CAST(NULL AS INTEGER)';
  const number = (text: string) => `CASE WHEN ${isNumber(text)} THEN TRY_CAST(${text} AS DOUBLE) END`;
  const floating = kind === 'text' ? bind('text', presentText(value), number) : `CAST(${sql} AS DOUBLE)`;
  return bind(
    'number',
    floating,
    (n) => `CASE ${TIME_FORMS.map((form, index) => `WHEN ${fits(n, form)} THEN ${index}`).join(' ')} END`,
  );
}

function isNumber(text: string): string {
  return `regexp_full_match(${text}, ${literal(`${INTEGER}|${NUMBER}`)})`;
}

function fits(number: string, { least, below }: TimeForm): string {
  return `(abs(${number}) >= ${least} AND abs(${number}) < ${below})`;
}

function integerMs(integer: string): string {
  const huge = `CAST(${integer} AS HUGEINT)`;
  return `CASE ${TIME_FORMS.map((form) => `WHEN ${fits(integer, form)} THEN CAST(${form.toMs(huge)} AS BIGINT)`).join(' ')} END`;
}

/** A whole number is read as an integer: a column of integers with missing values is floating in many tools. */
function floatingMs(number: string): string {
  return bind('floating', number, (n) => {
    const whole = bind('whole', `CAST(${n} AS HUGEINT)`, integerMs);
    const fraction = `CASE WHEN abs(${n}) < 1e11 THEN ${n} * 1000 WHEN abs(${n}) < 1e14 THEN ${n} ELSE ${n} / 1000 END`;
    return `CASE WHEN NOT isfinite(${n}) OR abs(${n}) >= 1e20 THEN NULL WHEN ${n} = trunc(${n}) THEN ${whole} ELSE CAST(floor(${fraction}) AS BIGINT) END`;
  });
}

function textMs(text: string): string {
  const integer = bind('integer', `TRY_CAST(${text} AS HUGEINT)`, integerMs);
  const short = bind('short', `TRY_CAST(regexp_replace(${text}, '[TZ]', '', 'g') AS HUGEINT)`, integerMs);
  return (
    `CASE WHEN regexp_full_match(${text}, ${literal(INTEGER)}) THEN ${integer} ` +
    `WHEN regexp_full_match(${text}, ${literal(CALENDAR)}) THEN epoch_ms(${timestampOf(`replace(${text}, '/', '-')`)}) ` +
    `WHEN regexp_full_match(${text}, ${literal(NUMBER)}) THEN ${floatingMs(`TRY_CAST(${text} AS DOUBLE)`)} ` +
    `WHEN regexp_full_match(${text}, ${literal(SHORT)}) THEN ${short} END`
  );
}
