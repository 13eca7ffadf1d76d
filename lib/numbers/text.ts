/** Formats numbers and lists for messages, the terminal and reports. A missing number is written as `-`. */

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Formats a count: `1,234`. To load the rules of a locale takes 20 ms. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Formats a count with what is counted, in the plural where needed: `1 row`, `1,234 rows`. */
export function countOf(value: number, thing: string): string {
  return `${count(value)} ${thing}${Math.round(value) === 1 ? '' : 's'}`;
}

/** Formats a share as a percentage with three significant digits: `4.35%`, `0.021%`. */
export function percent(share: number | null): string {
  return share === null ? '-' : `${Number((100 * share).toPrecision(3))}%`;
}

/** Formats a share as a percentage with a fixed number of decimals, so that several can be compared: `4.35%`. */
export function fixedPercent(share: number, decimals: number): string {
  return `${(100 * share).toFixed(decimals)}%`;
}

/** Formats a number with a fixed number of decimals: `0.6570`. */
export function fixed(value: number | null | undefined, decimals: number): string {
  return value == null ? '-' : value.toFixed(decimals);
}

/** Formats a number with four significant digits: `0.02104`. */
export function precise(value: number | null | undefined): string {
  return value == null ? '-' : String(Number(value.toPrecision(4)));
}

/** Formats a difference with its sign: `+0.0123`. The minus sign is the typographic one, as wide as the plus. */
export function signed(value: number | null, decimals: number): string {
  return value === null ? '-' : `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(decimals)}`;
}

/** Formats an interval: `0.961 to 1.020`; an empty string where an end is not known. */
export function interval(
  { lower, upper }: { readonly lower: number | null; readonly upper: number | null },
  show: (value: number) => string,
): string {
  return lower === null || upper === null ? '' : `${show(lower)} to ${show(upper)}`;
}

/** Formats the value of a metric with a fixed number of decimals. */
export function metric({ value }: { readonly value: number | null }, decimals: number): string {
  return fixed(value, decimals);
}

/** Formats a duration in seconds, minutes or hours: `48 s`, `12 min`, `3.4 h`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** Formats a measured time, always in seconds: `12.3 s`. */
export function secondsText(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** Formats a size in memory or on disk: `4.0 GiB`, `2.3 MiB`, `12 bytes`. */
export function byteText(bytes: number): string {
  if (bytes >= GIB) return `${(bytes / GIB).toFixed(1)} GiB`;
  return bytes >= MIB ? `${(bytes / MIB).toFixed(1)} MiB` : countOf(bytes, 'byte');
}

/** Formats a time to the minute, in UTC: `2026-01-31 04:30 UTC`. */
export function minute(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Items of a list that a message shows, and characters of a name, or of a sentence, in it. */
const LISTED = { items: 10, name: 80, sentence: 400 } as const;

/**
 * Joins a list of any length for a message, which stays short enough for one line of a log: the first ten items, long
 * ones shortened, and how many are left out: `a, b, c and 23 more`. Names are separated by commas, and sentences, which
 * may be longer, by semicolons.
 */
export function listed(items: readonly string[], separator: ', ' | '; ' = ', '): string {
  const most = separator === ', ' ? LISTED.name : LISTED.sentence;
  const shown = items.slice(0, LISTED.items).map((item) => shortened(item, most));
  const more = items.length - shown.length;
  return `${shown.join(separator)}${more === 0 ? '' : ` and ${count(more)} more`}`;
}

/**
 * Shortens a text to `most` characters by leaving out its middle, because names with the same beginning often differ at
 * the end.
 */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}\u2026${text.slice(-end)}`;
}
