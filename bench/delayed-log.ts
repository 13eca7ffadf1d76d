/**
 * A generated log whose conversions come late: of two weeks, seen at its end, and of the two days after it, whose
 * eventual labels are known. DuckDB writes both.
 */
import { type Database, execute, literal } from '../lib/table/database.ts';
import { effectOf, uniform } from './rare-log.ts';

/** How long after the click a conversion comes, in days, as SQL of two draws u and v, uniform in (0, 1), and of columns. */
export const DELAYS = {
  /** The distribution that `delayed` assumes, of the same rate in all rows. */
  exponential: '-2 * ln(u)',
  /** The same, with a mean of half a day to three days by category. */
  'exponential by category': '-[0.5, 1, 2, 3][1 + category % 4] * ln(u)',
  /** A median of a day: more come at once, and more very late. */
  'log-normal': 'exp(0.9 * sqrt(-2 * ln(u)) * cos(2 * pi() * v))',
} as const;

/** Name of a distribution of delays. */
export type DelayName = keyof typeof DELAYS;

/** The log, and how it is seen. */
export interface DelayedLog {
  readonly rows: number;
  readonly delay: DelayName;
  readonly seed: number;
}

export const LOG_DAYS = 14;
/** The rows after the log are this many times as close to each other, so that their rates are sure. */
const FUTURE = { days: 2, density: 8 } as const;

/** Features, each with its number of values and the deviations of their effects on the logits. */
const FEATURES = [
  { name: 'segment', entity: 'user', values: 12, click: 0.4, conversion: 0.5 },
  { name: 'age', entity: 'user', values: 8, click: 0.3, conversion: 0.4 },
  { name: 'item', entity: 'item', values: 300, click: 0.3, conversion: 0.5 },
  { name: 'category', entity: 'item', values: 24, click: 0.3, conversion: 0.5 },
  { name: 'hour', entity: 'context', values: 24, click: 0.2, conversion: 0.2 },
] as const;

/** Returns the features as a declaration has them. */
export function delayedFeatures(): string {
  return FEATURES.map(({ name, entity }) => `  ${name}: { type: category, entity: ${entity}, dimension: 8 }`).join(
    '\n',
  );
}

/**
 * Writes the log, and the rows after its end, as Parquet. The log has `conversion` and `converted_at` as seen at its end,
 * both have `eventual`.
 */
export async function writeDelayedLog(
  database: Database,
  { log, future }: { readonly log: string; readonly future: string },
  options: DelayedLog,
): Promise<void> {
  const ofLog = `row < ${options.rows}`;
  const end = `TIMESTAMP '2026-05-01' + INTERVAL ${LOG_DAYS} DAY`;
  const seen = `(eventual = 1 AND converted_at < ${end})`;
  await execute(
    database,
    `COPY (SELECT * REPLACE (CASE WHEN ${seen} THEN converted_at END AS converted_at), CAST(${seen} AS TINYINT) AS conversion
      FROM (${rowsSql(options)}) WHERE ${ofLog}) TO ${literal(log)} (FORMAT parquet)`,
  );
  await execute(
    database,
    `COPY (SELECT * EXCLUDE (converted_at) FROM (${rowsSql(options)}) WHERE NOT ${ofLog}) TO ${literal(future)} (FORMAT parquet)`,
  );
}

function rowsSql({ rows, delay, seed }: DelayedLog): string {
  const perDay = rows / LOG_DAYS;
  const values = FEATURES.map(({ name, values: count }) => {
    return `CAST(floor(${count} * ${uniform(seed, literal(name), 'i')}) AS INTEGER) AS ${name}`;
  });
  const day = `(CASE WHEN i < ${rows} THEN i / ${perDay} ELSE ${LOG_DAYS} + (i - ${rows}) / ${perDay * FUTURE.density} END)`;
  const effects = (task: 'click' | 'conversion') =>
    FEATURES.map(({ name, ...of }) => effectOf(of[task], seed, literal(task), literal(name), name)).join(' + ');
  const drawn = (task: 'click' | 'conversion', intercept: number) =>
    `(${uniform(seed, literal(`draw ${task}`), 'row')} < 1 / (1 + exp(-(${intercept} + ${effects(task)}))))`;
  const moment = (start: string, days: string) => `(${start} + to_microseconds(CAST(${days} * 86400e6 AS BIGINT)))`;
  return `
    SELECT *, CASE WHEN eventual = 1 THEN ${moment('clicked_at', DELAYS[delay])} END AS converted_at FROM (
      SELECT * REPLACE (CASE WHEN click = 1 THEN ${moment('shown_at', `${uniform(seed, literal('lag'), 'row')} / 1440`)} END AS clicked_at),
        CAST(click = 1 AND ${drawn('conversion', -2)} AS TINYINT) AS eventual,
        greatest(${uniform(seed, literal('delay'), 'row')}, 1e-9) AS u, ${uniform(seed, literal('angle'), 'row')} AS v FROM (
        SELECT *, CAST(${drawn('click', -1.4)} AS TINYINT) AS click, CAST(NULL AS TIMESTAMP) AS clicked_at FROM (
          SELECT i AS row, ${moment("TIMESTAMP '2026-05-01'", day)} AS shown_at, ${values.join(', ')}
          FROM range(${Math.round(perDay * (LOG_DAYS + FUTURE.days * FUTURE.density))}) AS t(i))))`;
}
