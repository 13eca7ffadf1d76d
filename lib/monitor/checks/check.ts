/** What all checks of a day have in common. */
import type { Limits, MonitoringChoice } from '../../config/sections/monitoring.ts';
import type { MeasuredOutput } from '../../table/monitor/sum-queries.ts';
import type { DayRecord, History } from '../history.ts';
import type { Interval } from '../statistics/intervals.ts';

/** The checks, by the keys of their limits in the section `monitoring`. */
export const CHECKS = {
  pcoc: 'predicted over observed',
  auc: 'ranking',
  scores: 'scores against the week before',
  missing: 'missing values',
  unknown: 'unknown values',
  delay: 'delay of the events',
  unscored: 'outcomes without a score',
  repeated: 'rows scored again',
  rejected: 'rejected candidates',
  stale: 'time since the last scores',
} as const;

export type CheckName = keyof typeof CHECKS;

/** A comparison of a day with a limit, before it is decided how sure one has to be. */
export interface Comparison {
  readonly check: CheckName;
  /** Output, stage or feature; empty where the day as a whole is compared. */
  readonly subject: string;
  readonly version: string | null;
  readonly day: string;
  readonly limits: Limits;
  readonly value: number;
  /** 95% interval of the value; `null` where it is counted and not estimated. */
  readonly interval: Interval | null;
  /** Whether labels are still to come. */
  readonly isProvisional: boolean;
  /** What the value surely differs by, in the limit's unit, if chance may mislead with this probability. */
  readonly distance: (probability: number) => number;
  /** The value in a sentence, after subject and day: `predicted over observed is 1.42 (1.31 to 1.55)`. */
  readonly sentence: string;
  /** Returns a limit in the sentence's unit. */
  readonly show: (limit: number) => string;
  /** What to look at. */
  readonly advice: string;
}

/** A day and those before it. */
export interface DayContext {
  readonly day: DayRecord;
  /** Days before, the latest last. */
  readonly before: readonly DayRecord[];
  readonly monitoring: MonitoringChoice;
  readonly tasks: readonly MeasuredOutput[];
  readonly end: History['end'];
}

/** Days before with which a day is compared: a week, so that every weekday is among them. */
export const WEEK_DAYS = 7;

/** Returns the days of the week before a day. */
export function weekBefore({ day, before }: Pick<DayContext, 'day' | 'before'>): readonly DayRecord[] {
  const first = Date.parse(day.day) - WEEK_DAYS * 86_400_000;
  return before.filter((other) => Date.parse(other.day) >= first);
}
