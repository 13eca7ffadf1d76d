/** How numbers are written for people; `-` where there is none. */

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `4.35%`, `0.0210%`. */
export function percent(share: number | null): string {
  return share === null ? '-' : `${Number((100 * share).toPrecision(3))}%`;
}

export function fixed(value: number | null | undefined, digits: number): string {
  return value == null ? '-' : value.toFixed(digits);
}

export function precise(value: number | null | undefined): string {
  return value == null ? '-' : String(Number(value.toPrecision(4)));
}

/** `+0.0123`: a minus sign as wide as the plus. */
export function signed(value: number | null, digits: number): string {
  return value === null ? '-' : `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(digits)}`;
}

/** `0.961 to 1.020`. */
export function interval(
  { lower, upper }: { readonly lower: number | null; readonly upper: number | null },
  show: (value: number) => string,
): string {
  return lower === null || upper === null ? '' : `${show(lower)} to ${show(upper)}`;
}

export function metric({ value }: { readonly value: number | null }, digits: number): string {
  return fixed(value, digits);
}

/** `48 s`, `12 min`, `3.4 h`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `2026-01-31 04:30 UTC`. */
export function minute(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A text of any length, as much of it as there is room for: names that begin alike often end otherwise. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}\u2026${text.slice(-end)}`;
}
