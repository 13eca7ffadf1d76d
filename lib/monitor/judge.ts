/**
 * Judges every day: which comparisons cross which limit, beyond what chance explains. A day has many comparisons, and
 * each is looked at again as its labels come, so the probability of a false alarm is for all of them together.
 */
import type { Declaration } from '../config/declaration.ts';
import { duration } from '../numbers/text.ts';
import type { MeasuredOutput } from '../table/monitor/sum-queries.ts';
import { compareCalibration, compareRanking } from './checks/calibration.ts';
import type { CheckName, Comparison, DayContext } from './checks/check.ts';
import { compareDelays } from './checks/delay.ts';
import { compareOnline, ONLINE_REQUESTS } from './checks/online.ts';
import { compareKeys, compareShares } from './checks/shares.ts';
import { compareScores, compareValues } from './checks/values.ts';
import type { DayRecord, History } from './history.ts';
import type { Interval } from './statistics/intervals.ts';

/** How bad something is. */
export type Level = 'ok' | 'watch' | 'act';

/**
 * Probability that chance alone crosses a limit in any comparison of a day, at whatever age of its labels. The limits
 * themselves leave room besides: what is compared with chance is the difference from a limit, and not from no change.
 */
const FALSE_ALARMS = { watch: 0.01, act: 0.0001 } as const;

const DAY_MS = 86_400_000;

/** Of the seven days up to the last online request, those with requests from which on they are regular. */
const REGULAR_DAYS = 3;
/** Days after which online requests are no longer missed: the service was given up. */
const STALE_REQUESTS_DAYS = 14;

/** A comparison that was judged. */
export interface Judged {
  readonly check: CheckName;
  readonly subject: string;
  readonly version: string | null;
  readonly day: string;
  readonly level: Level;
  readonly value: number;
  readonly interval: Interval | null;
  /** The limit that was crossed, or else that of watch. */
  readonly limit: number | null;
  readonly isProvisional: boolean;
  /** What was found, in one sentence that names subject, day, number and limit. */
  readonly text: string;
  readonly advice: string;
}

export interface JudgeOptions {
  readonly declaration: Pick<Declaration, 'stages' | 'monitoring'>;
  readonly tasks: readonly MeasuredOutput[];
  readonly now: Date;
}

/** Judges every day of a history, the first day first. */
export function judge({ days, end }: History, { declaration, tasks, now }: JudgeOptions): Judged[] {
  const { monitoring, stages } = declaration;
  const longest = Math.max(0, ...stages.map(({ withinMs }) => withinMs ?? 0));
  // A run a day looks at a day's labels until they are final.
  const looks = 1 + Math.ceil(longest / DAY_MS);
  const ofDays = days.flatMap((day, index) => {
    const compared = comparisons({ day, before: days.slice(0, index), monitoring, tasks, end });
    return explained(compared.map((comparison) => judged(comparison, looks * compared.length)));
  });
  return [...ofDays, ...stale(days, declaration, now)];
}

function comparisons(context: DayContext): Comparison[] {
  return [
    compareValues,
    compareScores,
    compareShares,
    compareKeys,
    compareDelays,
    compareCalibration,
    compareRanking,
    compareOnline,
  ].flatMap((compare) => compare(context));
}

function judged(comparison: Comparison, tests: number): Judged {
  const { limits, distance, sentence, show, subject, day, isProvisional } = comparison;
  const crosses = (level: 'watch' | 'act') => {
    const limit = limits[level];
    // Two-sided: half of the probability on either side.
    return limit !== null && distance(FALSE_ALARMS[level] / tests / 2) > limit;
  };
  const level: Level = crosses('act') ? 'act' : crosses('watch') ? 'watch' : 'ok';
  const limit = level === 'act' ? limits.act : limits.watch;
  const text = `${subject === '' ? day : `${subject} on ${day}`}: ${sentence}${limit === null ? '' : `, limit ${show(limit)}`}`;
  const { check, version, value, interval, advice } = comparison;
  return { check, subject, version, day, level, value, interval, limit, isProvisional, text, advice };
}

/** Does not blame a young day's counts where its events come later, or sooner, than those that they are projected by. */
function explained(found: readonly Judged[]): Judged[] {
  const delayed = found.some(({ check, level }) => check === 'delay' && level !== 'ok');
  return found.map((one) =>
    delayed && one.check === 'pcoc' && one.isProvisional && one.level !== 'ok' ? { ...one, level: 'ok' } : one,
  );
}

/** What must not be too long ago. */
interface Latest {
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What it was: `the last file was scored`. */
  readonly what: string;
  readonly advice: string;
}

/** Judges how long ago the last file was scored, and the last of regular online requests came. */
function stale(days: readonly DayRecord[], { monitoring }: JudgeOptions['declaration'], now: Date): Judged[] {
  return [...lastFile(days), ...lastRequest(days, now)].map(({ subject, at, what, advice }) => {
    const age = now.getTime() - at;
    const over = (limit: number | null) => limit !== null && age > limit;
    const level: Level = over(monitoring.stale.act) ? 'act' : over(monitoring.stale.watch) ? 'watch' : 'ok';
    const limit = level === 'act' ? monitoring.stale.act : monitoring.stale.watch;
    const day = now.toISOString().slice(0, 10);
    const compared = limit === null ? '' : `, limit ${duration(limit / 1000)}`;
    return {
      check: 'stale',
      subject,
      version: null,
      day,
      level,
      value: age,
      interval: null,
      limit,
      isProvisional: false,
      text: `${subject === '' ? day : `${subject} on ${day}`}: ${what} ${duration(age / 1000)} ago${compared}`,
      advice,
    };
  });
}

function lastFile(days: readonly DayRecord[]): Latest[] {
  const at = lastOf(days.flatMap(({ versions }) => Object.values(versions)));
  const advice = 'look whether candidates arrive, and at the alarms of the scoring queues';
  return at === null ? [] : [{ subject: '', at, what: 'the last file was scored', advice }];
}

/** The last online request, where requests were regular: a few that somebody once tried do not go stale. */
function lastRequest(days: readonly DayRecord[], now: Date): Latest[] {
  const at = lastOf(days.flatMap(({ online = {} }) => Object.values(online)));
  if (at === null || now.getTime() - at > STALE_REQUESTS_DAYS * DAY_MS) return [];
  const week = days.filter(({ day, online }) => online !== undefined && Date.parse(day) > at - 7 * DAY_MS);
  if (week.length < REGULAR_DAYS) return [];
  const advice =
    'look whether the service is called, and at its log: it adds its statistics to the bucket every minute';
  return [{ subject: ONLINE_REQUESTS, at, what: 'the last one came', advice }];
}

function lastOf(scored: readonly { readonly lastAt: string }[]): number | null {
  return scored.length === 0 ? null : Math.max(...scored.map(({ lastAt }) => Date.parse(lastAt)));
}
