/** The one text of an instant, whether a file has it as a date, a timestamp of any unit and zone, or an ISO text. */
import { literal } from '../database.ts';
import { bind } from './bind.ts';

const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const TIME = '[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?';
/** The distance from UTC, as DuckDB reads it. Names of zones are none: DuckDB takes one over to the rows after it. */
const OFFSET = '[-+][0-9]{2}(?::?[0-9]{2})?';
const UTC = 'Z|z|UTC|GMT';

/** Returns the SQL condition that a text is an instant in the form of ISO 8601, with a time of day. */
export function isInstantText(text: string): string {
  return `regexp_full_match(${text}, ${literal(`${DATE}${TIME}(?: ?(?:${UTC}|${OFFSET}))?`)})`;
}

/** Returns the SQL of the canonical text of such a text: the text itself if there is no such day or time. */
export function instantText(text: string): string {
  return `COALESCE(${bind('instant', timestampOf(text), textOfInstant)}, ${text})`;
}

/** Returns the SQL of a TIMESTAMP in UTC from a text in the form of ISO 8601; NULL if there is no such day or time. */
export function timestampOf(text: string): string {
  // The cast with a zone expects seconds, and no blank before the zone.
  const seconds = `replace(${text}, ',', '.')`;
  const joined = `replace(replace(${seconds}, ' +', '+'), ' -', '-')`;
  const whole = `regexp_replace(${joined}, '([T ][0-9]{1,2}:[0-9]{2})([-+])', '\\1:00\\2')`;
  const zoned = `CAST(TRY_CAST(${whole} AS TIMESTAMPTZ) AS TIMESTAMP)`;
  // A TIMESTAMP ignores the zone of its text, so the casts are told apart.
  const hasOffset = `regexp_matches(${text}, ${literal(`:[0-9]{2}(?:[.,][0-9]+)? ?${OFFSET}$`)})`;
  return `CASE WHEN ${hasOffset} THEN ${zoned} ELSE TRY_CAST(rtrim(${seconds}, 'ZzUTCGM ') AS TIMESTAMP) END`;
}

/** Returns the SQL of the canonical text of a TIMESTAMP: the date alone at midnight. */
export function textOfInstant(timestamp: string): string {
  const date = `CAST(${timestamp} AS DATE)`;
  return `CASE WHEN ${timestamp} = CAST(${date} AS TIMESTAMP) THEN CAST(${date} AS VARCHAR) ELSE CAST(${timestamp} AS VARCHAR) END`;
}
