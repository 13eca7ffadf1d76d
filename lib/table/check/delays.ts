/** Times of events as SQL: whether they fit their labels and each other, and how long after the row or click they are. */
import type { Declaration, Stage } from '../../config/declaration.ts';
import { isOnEveryPath } from '../../config/resolve/stage-paths.ts';
import type { Relation, Value } from '../columns.ts';
import { columnCheck, type RowCheck } from '../row-check.ts';
import { presentSql } from '../values/texts.ts';
import { timeSql } from '../values/times.ts';
import { type LabelledStage, labelledStages, labelSql } from './labels.ts';
import { requiredValue } from './required-columns.ts';

/** A stage with a label and the time of its event. */
export type TimedStage = LabelledStage & { readonly at: string };

/** A timed stage whose label is final some time after the row, so that young rows tell how long events take. */
export type DelayedStage = TimedStage & { readonly withinMs: number };

/** How much later than the end of the log an event may be, since clocks and time zones differ. */
const CLOCK_TOLERANCE_MS = 86_400_000;
const DAY_MS = 86_400_000;

/** Returns the stages with the times of their events, in the declared order. */
export function timedStages(declaration: Pick<Declaration, 'stages'>): TimedStage[] {
  return labelledStages(declaration).filter((stage): stage is TimedStage => stage.at !== null);
}

/** Returns the stages whose delays are known, in the declared order. */
export function delayedStages(declaration: Pick<Declaration, 'stages'>): DelayedStage[] {
  return timedStages(declaration).filter((stage): stage is DelayedStage => stage.withinMs !== null);
}

/** Returns the columns of prepared rows with the times of events in epoch milliseconds: their SQL and names. */
export function eventTimes(relation: Relation, declaration: Declaration): (readonly [sql: string, name: string])[] {
  return timedStages(declaration).map((stage) => [timeSql(timeOf(relation, stage)), timeName(declaration, stage)]);
}

/**
 * Returns the checks of a stage's times. That an event is not after the end of the log can be told only when that is
 * known: see `RowCheck.afterEnd`.
 */
export function delayChecks(relation: Relation, declaration: Declaration, stage: TimedStage): RowCheck[] {
  const value = timeOf(relation, stage);
  const [isThere, time] = [presentSql(value), timeSql(value)];
  const isReached = `COALESCE(${labelSql(requiredValue(relation, stage.label))} = 1, false)`;
  const check = (reason: Parameters<typeof columnCheck>[0], isBad: string, expected?: string) =>
    columnCheck(reason, stage.at, value, isBad, expected);
  return [
    check('time_not_valid', `(${isThere} AND ${time} IS NULL)`),
    check('event_time_missing', `(${isReached} AND NOT ${isThere})`, `a time where ${stage.label} is 1`),
    check('event_without_label', `(${isThere} AND NOT ${isReached})`, `no time where ${stage.label} is not 1`),
    ...earlierTimes(relation, declaration, stage).map(({ column, sql }) =>
      check('event_too_early', `(${time} < ${sql})`, `a time not before ${column}`),
    ),
    {
      ...check(
        'event_after_log',
        'false',
        'at most a day after the last row, or log.follow_up, if it records events for longer',
      ),
      afterEnd: timeName(declaration, stage),
    },
  ];
}

/**
 * Returns the SQL condition that the event in a column of the prepared rows is later than the end of the log.
 * @param end as `PreparedLog.end`.
 */
export function isAfterLog(column: string, end: number): string {
  return `${column} > ${end + CLOCK_TOLERANCE_MS}`;
}

/**
 * Returns the SQL of a stage's delay in days, over prepared rows: from the last stage before whose label is final at
 * once and that has a time, or from the row, to the event. In a row without the event it is the negative of the time to
 * the end of the log, for which the event has not been seen, and never 0.
 *
 * @param label SQL of the label, 0 or 1, also of young rows.
 * @param end as `PreparedLog.end`.
 */
export function delaySql(declaration: Declaration, stage: DelayedStage, label: string, end: number): string {
  const before = startOf(declaration, stage);
  const start = before === undefined ? '"#time"' : `COALESCE(${timeName(declaration, before)}, "#time")`;
  const unseen = `-greatest(${end} - ${start}, 1)`;
  const event = timeName(declaration, stage);
  return `CAST((CASE WHEN ${label} = 1 THEN ${event} - ${start} ELSE ${unseen} END) / ${DAY_MS}.0 AS FLOAT)`;
}

function timeOf(relation: Relation, { at }: TimedStage): Value {
  return requiredValue(relation, at);
}

/** Returns the column of prepared rows with the time of a stage's event. */
export function timeName(declaration: Pick<Declaration, 'stages'>, { name }: Stage): string {
  return `"#at${timedStages(declaration).findIndex((stage) => stage.name === name)}"`;
}

/** The times that an event's must not be before: that of the row, and those of stages on every path to it. */
function earlierTimes(relation: Relation, declaration: Declaration, stage: TimedStage) {
  const { time } = declaration.log;
  return [...(time === null ? [] : [time]), ...stagesBefore(declaration, stage).map(({ at }) => at)].map((column) => {
    return { column, sql: timeSql(requiredValue(relation, column)) };
  });
}

function stagesBefore(declaration: Declaration, { name }: Stage): TimedStage[] {
  const { root, stages } = declaration;
  return timedStages(declaration).filter(
    (other) => other.name !== name && isOnEveryPath(stages, root, other.name, name),
  );
}

/** The last stage of known time on every path to a stage, if its label is final at once. */
function startOf(declaration: Declaration, stage: Stage): TimedStage | undefined {
  const { root, stages } = declaration;
  const before = stagesBefore(declaration, stage).filter(({ withinMs }) => withinMs === null);
  return before.find((one) => before.every((other) => isOnEveryPath(stages, root, other.name, one.name)));
}
