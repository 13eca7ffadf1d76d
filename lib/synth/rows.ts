/** The rows of a synthetic log, as SQL over `users`, `items` and `affinities`. */
import { literal } from '../table/database.ts';
import { bits, half, uniform, uniformOfWord, word, zipf } from './draws.ts';
import { DEVIATIONS } from './entities.ts';
import { REQUEST_ROWS, type SynthOptions } from './options.ts';
import { causedProbabilities, type Intercepts, TRUTHS } from './truth.ts';

/** Where an impression is shown, and what that adds to the click's logit. */
const PLACES = { home: 0.5, search: 0.3, category: 0.1, basket: -0.1, mail: -0.3, footer: -0.5 } as const;

const DAY_US = 86_400_000_000;
/** No impression is shown in the last minute, so that every click is before the end. */
const LAST_US = 60_000_000;

/** The features, in the order of the columns. */
export const FEATURES = [
  'user_id',
  'segment',
  'age',
  'item_id',
  'category',
  'brand',
  'price',
  'tags',
  'hour',
  'place',
] as const;

/** A range of rows, and every how manieth of them. */
export interface RowRange {
  readonly from: number;
  /** The first row that is not in it. */
  readonly to: number;
  readonly step?: number;
}

/** Returns the names of the columns of a log. */
export function columnsOf({ delay }: Pick<SynthOptions, 'delay'>): readonly string[] {
  const times = delay === null ? [] : ['clicked_at', 'converted_at', 'eventual_conversion'];
  return ['row', 'request', 'shown_at', ...FEATURES, 'click', 'conversion', ...times, ...Object.keys(TRUTHS)];
}

/** Returns the SQL of the end of a log, a TIMESTAMP: what happens later is not in it. */
export function endSql({ start, days }: Pick<SynthOptions, 'start' | 'days'>): string {
  return `(TIMESTAMP ${literal(`${start} 00:00:00`)} + to_days(${days}))`;
}

/** Returns a SELECT of the columns of a log. */
export function logSql(options: SynthOptions, intercepts: Intercepts, range: RowRange): string {
  const seenConversion =
    options.delay === null
      ? 'eventual_conversion'
      : `CAST(COALESCE(converted_at < ${endSql(options)}, false) AS TINYINT)`;
  const seen = `SELECT * REPLACE (CASE WHEN converted_at < ${endSql(options)} THEN converted_at END AS converted_at), ${seenConversion} AS conversion FROM ${outcomesSql(options, intercepts, range)}`;
  return `SELECT ${columnsOf(options).join(', ')} FROM (${seen})`;
}

/**
 * Returns the SQL after FROM of rows with all that happens, seen or not: `eventual_conversion`, `converted_at` of it,
 * and `would_convert`, whether the row would convert if it were clicked.
 */
export function outcomesSql(options: SynthOptions, intercepts: Intercepts, range: RowRange): string {
  const { hiddenBias, delay } = options;
  const logits = {
    click: `(${intercepts.click} + click_logit)`,
    conversion: `(${intercepts.conversion} + conversion_logit)`,
  };
  const caused = `SELECT *, ${causedProbabilities(logits, hiddenBias)} FROM ${logitsSql(options, range)}`;
  const happens = (what: 'click' | 'conversion') =>
    `${what}_draw < CASE WHEN has_cause THEN ${what}_with ELSE ${what}_without END`;
  const truths = Object.entries(TRUTHS).map(([name, sql]) => `${sql} AS ${name}`);
  const drawn = `SELECT *, ${truths.join(', ')}, CAST(${happens('click')} AS TINYINT) AS click, CAST(${happens('conversion')} AS TINYINT) AS would_convert FROM (${caused})`;
  const eventual = `SELECT *, click * would_convert AS eventual_conversion, CASE WHEN click = 1 THEN shown_at + to_microseconds(CAST(1000000 + 4000000 * ${uniformOfWord('delay_words')} AS BIGINT)) END AS clicked_at FROM (${drawn})`;
  const elapsed = delay === null ? '0' : `-ln(1 - ${uniform('delay_bits')}) * ${delay * DAY_US} * exp(delay_effect)`;
  const converted = `CASE WHEN eventual_conversion = 1 THEN clicked_at + to_microseconds(CAST(${elapsed} AS BIGINT)) END`;
  return `(SELECT *, ${converted} AS converted_at FROM (${eventual}))`;
}

/**
 * Returns the SQL after FROM of rows with their features and with `click_logit` and `conversion_logit`, without
 * intercepts and without the unseen cause. `isDrifting` tells whether the drift counts.
 */
export function logitsSql(options: SynthOptions, range: RowRange, isDrifting = true): string {
  const { observedBias, drift } = options;
  const byHour = `${DEVIATIONS.conversion.hour * Math.SQRT2} * sin(${Math.PI / 12} * hour)`;
  const before = 'user_conversion + item_conversion';
  // The variance stays the same.
  const angle = ((drift?.share ?? 0) * Math.PI) / 2;
  const after = `${Math.cos(angle)} * (${before}) + ${Math.sin(angle)} * (user_drifted + item_drifted)`;
  const hasDrifted = drift && `shown_at >= ${endSql({ ...options, days: drift.fromDay })}`;
  const entities =
    hasDrifted === null || !isDrifting ? before : `CASE WHEN ${hasDrifted} THEN ${after} ELSE ${before} END`;
  const byPlace = `CASE place ${Object.entries(PLACES)
    .map(([place, value]) => `WHEN ${literal(place)} THEN ${value}`)
    .join(' ')} END`;
  // The mean over normal effects of the factor of the delay is 1.
  const { segment, category } = DEVIATIONS.delay;
  const delayEffect = `user_delay + item_delay - ${(segment ** 2 + category ** 2) / 2}`;
  const joined = `SELECT *, ${entities} + affinity + ${byHour} AS conversion_logit, user_click + item_click + ${byPlace} AS appeal, ${delayEffect} AS delay_effect
    FROM ${impressionsSql(options, range)} JOIN users USING (user_id) JOIN items USING (item_id) JOIN affinities USING (segment, category)`;
  return `(SELECT *, appeal + ${observedBias} * conversion_logit AS click_logit FROM (${joined}))`;
}

/** Rows with ids, times, places and random bits. */
function impressionsSql(options: SynthOptions, { from, to, step = 1 }: RowRange): string {
  const { seed, rows, users, items, userExponent, itemExponent, days, start, delay } = options;
  const delayBits = delay === null ? 'CAST(0 AS UHUGEINT)' : bits(seed, 'delay', 'i');
  const drawn = `SELECT i AS "row", i // ${REQUEST_ROWS} AS request, ${bits(seed, 'request', `i // ${REQUEST_ROWS}`)} AS request_bits, ${bits(seed, 'row', 'i')} AS row_bits, ${bits(seed, 'outcome', 'i')} AS outcome_bits, ${delayBits} AS delay_all FROM range(${from}, ${to}, ${step}) AS t(i)`;
  const halves = `SELECT "row", request, ${half('request_bits', 'upper')} AS request_upper, ${half('row_bits', 'upper')} AS row_upper, ${half('row_bits', 'lower')} AS row_lower,
    ${half('outcome_bits', 'upper')} AS outcome_upper, ${half('outcome_bits', 'lower')} AS outcome_lower, ${half('delay_all', 'upper')} AS delay_bits, ${word(half('delay_all', 'lower'), 'upper')} AS delay_words FROM (${drawn})`;
  const requests = Math.ceil(rows / REQUEST_ROWS);
  const spacing = (days * DAY_US - LAST_US) / requests;
  const shownAt = `TIMESTAMP ${literal(`${start} 00:00:00`)} + to_microseconds(CAST(floor(request * CAST(${spacing} AS DOUBLE)) AS BIGINT))`;
  const names = Object.keys(PLACES);
  const place = `[${names.map(literal).join(', ')}][1 + ${word('row_lower', 'upper')} % ${names.length}]`;
  const named = `SELECT "row", request, ${shownAt} AS shown_at, ${zipf(uniform('request_upper'), users, userExponent)} AS user_id, ${zipf(uniform('row_upper'), items, itemExponent)} AS item_id,
    ${place} AS place, ${word('row_lower', 'lower')} % 2 = 1 AS has_cause, ${uniform('outcome_upper')} AS click_draw, ${uniform('outcome_lower')} AS conversion_draw, delay_bits, delay_words FROM (${halves})`;
  return `(SELECT *, CAST(hour(shown_at) AS TINYINT) AS hour FROM (${named}))`;
}
