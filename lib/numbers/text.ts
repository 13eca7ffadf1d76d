/** How numbers are written for people, in messages, on the terminal and in reports; `-` where there is none. */

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A number of things: `1,234`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A number of things with their name: `1 row`, `1,234 rows`. */
export function countOf(value: number, thing: string): string {
  return `${count(value)} ${thing}${Math.round(value) === 1 ? '' : 's'}`;
}

/** A share as a percentage of three digits: `4.35%`, `0.021%`. */
export function percent(share: number | null): string {
  return share === null ? '-' : `${Number((100 * share).toPrecision(3))}%`;
}

/** A share as a percentage with so many decimals, to be compared with others: `4.35%`. */
export function fixedPercent(share: number, decimals: number): string {
  return `${(100 * share).toFixed(decimals)}%`;
}

/** A number with so many decimals: `0.6570`. */
export function fixed(value: number | null | undefined, decimals: number): string {
  return value == null ? '-' : value.toFixed(decimals);
}

/** A number of four digits, wherever its decimal point is: `0.02104`. */
export function precise(value: number | null | undefined): string {
  return value == null ? '-' : String(Number(value.toPrecision(4)));
}

/** A difference: `+0.0123`, with a minus sign as wide as the plus. */
export function signed(value: number | null, decimals: number): string {
  return value === null ? '-' : `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(decimals)}`;
}

/** `0.961 to 1.020`; nothing where an end is not known. */
export function interval(
  { lower, upper }: { readonly lower: number | null; readonly upper: number | null },
  show: (value: number) => string,
): string {
  return lower === null || upper === null ? '' : `${show(lower)} to ${show(upper)}`;
}

/** The value of a metric with so many decimals. */
export function metric({ value }: { readonly value: number | null }, decimals: number): string {
  return fixed(value, decimals);
}

/** A time to wait or to have waited for: `48 s`, `12 min`, `3.4 h`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** A measured time: `12.3 s`. */
export function secondsText(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** A size in memory or on a disk: `4.0 GiB`, `2.3 MiB`, `12 bytes`. */
export function byteText(bytes: number): string {
  if (bytes >= GIB) return `${(bytes / GIB).toFixed(1)} GiB`;
  return bytes >= MIB ? `${(bytes / MIB).toFixed(1)} MiB` : countOf(bytes, 'byte');
}

/** `2026-01-31 04:30 UTC`. */
export function minute(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A text cut to at most so many characters, from its middle: names that begin alike often end otherwise. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}\u2026${text.slice(-end)}`;
}
