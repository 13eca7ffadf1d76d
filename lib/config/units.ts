/** Pattern of a duration, a whole number above 0 and its unit: `7d`, `36h`, `30m`, `45s`; some centuries at most. */
export const DURATION = /^[1-9]([0-9]{0,4}d|[0-9]{0,6}h|[0-9]{0,8}m|[0-9]{0,9}s)$/;

/** Pattern of an instant: `2026-05-08`, `2026-05-08T06:30`, `2026-05-08T06:30:00.000Z`, `2026-05-08 06:30:00+02:00`. */
export const INSTANT =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$/;

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/** Returns the milliseconds of a text that matches `DURATION`. */
export function parseDuration(text: string): number {
  return Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] ?? Number.NaN);
}

/** Returns milliseconds as a declaration writes them: `7d`, `36h`, `30m`, `45s`. */
export function durationText(milliseconds: number): string {
  const texts = Object.entries(UNIT_MS)
    .filter(([, each]) => milliseconds % each === 0)
    .map(([unit, each]) => `${milliseconds / each}${unit}`);
  return texts.find((text) => DURATION.test(text)) ?? `${milliseconds / 1000}s`;
}

/**
 * Returns the epoch milliseconds of a text that matches `INSTANT`, in UTC if it names no zone; NaN if there is no such
 * day or time of day.
 */
export function parseInstant(text: string): number {
  const [day = '', time = '00:00'] = text.split(/[T ]/);
  // JavaScript takes the 30th of February for a day in March: here it is an error.
  const midnight = new Date(`${day}T00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return Number.NaN;
  return Date.parse(`${day}T${/Z|[+-]/.test(time) ? time : `${time}Z`}`);
}
