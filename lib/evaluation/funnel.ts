import type { Roles } from '../config/declaration.ts';
import { type Metric, measured, undefinedMetric } from './metric.ts';
import { areaUnderCurve } from './ranking.ts';
import { checkRows, rowsReaching, type ScoredRows } from './rows.ts';
import { type Tally, tallyKnown } from './tally.ts';
import { evaluateTask, type TaskMetrics } from './task.ts';

/** One output of a model, and the label that it predicts. */
export interface FunnelTask {
  /** Key in metrics files, such as `ctr`. */
  readonly name: string;
  /** Name in tables and reports, such as `CVR (clicked)`. */
  readonly title: string;
  /** Name of the model's output. */
  readonly output: string;
  /** Stage whose label the output predicts. */
  readonly label: string;
  /** Stage that the probability is conditional on: only rows that reached it are measured; `null` for all rows. */
  readonly given: string | null;
}

/** The test rows, column by column: the probabilities that a model gave them, and what became of them. */
export interface FunnelRows {
  /** Probabilities by output name. */
  readonly probabilities: Readonly<Record<string, Float32Array>>;
  /** 1 if the row reached the stage from the root, 0 if not, -1 if that is not known yet, by stage. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  readonly weight: Float32Array | null;
  readonly group: Float64Array | null;
}

/** What to measure. */
export interface FunnelOptions {
  readonly tasks: readonly FunnelTask[];
  /** Mean label of the training rows, by task name. */
  readonly trainingRates: Readonly<Record<string, number>>;
  /**
   * pCTR of a network that was trained separately, the same for all models that are compared (the protocol of arXiv
   * 1804.07931).
   *
   * @default none, and `ctcvrAucSharedCtr` is an undefined metric
   */
  readonly sharedPctr?: Float32Array;
}

/** Metrics of one task of a funnel. */
export interface FunnelTaskMetrics extends TaskMetrics {
  readonly task: FunnelTask;
  /** Mean probability over the rows that reached `task.given`; `null` without `given`. */
  readonly meanPredictionReached: Metric | null;
  /** Mean probability over the rows that did not reach `task.given`; `null` without `given`. */
  readonly meanPredictionNotReached: Metric | null;
}

/** Metrics of all tasks of a funnel. */
export interface FunnelMetrics {
  readonly tasks: readonly FunnelTaskMetrics[];
  /** AUC of the model's pctcvr. */
  readonly ctcvrAucOwn: Metric;
  /** AUC of the shared network's pCTR times the model's pcvr. */
  readonly ctcvrAucSharedCtr: Metric;
}

/**
 * Returns the three tasks of the roles: CTR and CTCVR on all impressions, which are all rows where the impression is
 * the root, and CVR on clicked rows only.
 */
export function roleTasks({ impression, click, conversion }: Roles, root: string): FunnelTask[] {
  const given = impression === root ? null : impression;
  return [
    { name: 'ctr', title: 'CTR', output: 'pctr', label: click, given },
    { name: 'cvr', title: 'CVR (clicked)', output: 'pcvr', label: conversion, given: click },
    { name: 'ctcvr', title: 'CTCVR', output: 'pctcvr', label: conversion, given },
  ];
}

/**
 * Measures every task of a funnel on its own rows.
 * @throws {Error} naming every output, label and training rate that the tasks need and that is missing.
 * @throws {RangeError} naming the columns of unequal length, or with values out of range.
 */
export function evaluateFunnel(rows: FunnelRows, options: FunnelOptions): FunnelMetrics {
  checkFunnel(rows, options);
  const tasks = options.tasks.map((task) => evaluateFunnelTask(rows, task, options.trainingRates[task.name] ?? 0));
  const ctcvr = tasks.find(({ task }) => task.output === 'pctcvr');
  return {
    tasks,
    ctcvrAucOwn: ctcvr?.auc ?? undefinedMetric('no pctcvr among the tasks'),
    ctcvrAucSharedCtr: ctcvr
      ? aucWithSharedCtr(rows, ctcvr.task, options.sharedPctr)
      : undefinedMetric('no pctcvr among the tasks'),
  };
}

function evaluateFunnelTask(funnel: FunnelRows, task: FunnelTask, trainingRate: number): FunnelTaskMetrics {
  const rows = rowsOfTask(funnel, task, column(funnel.probabilities, task.output));
  const reached = task.given === null ? null : meanPredictions(funnel, task.output, task.given);
  return {
    task,
    ...evaluateTask(rows, { trainingRate }),
    meanPredictionReached: reached?.reached ?? null,
    meanPredictionNotReached: reached?.notReached ?? null,
  };
}

/** Tallies the rows that a task measures, by the probability of its output. */
export function taskTally(rows: FunnelRows, task: FunnelTask): Tally {
  return tallyKnown(rowsOfTask(rows, task, column(rows.probabilities, task.output)));
}

/** Returns the indices of the rows that a task measures: those that reached its stage, and whose label is known. */
export function taskRows(labels: FunnelRows['labels'], { label, given }: FunnelTask): Uint32Array {
  const outcome = column(labels, label);
  const reached = given === null ? null : column(labels, given);
  const rows = new Uint32Array(outcome.length);
  let count = 0;
  for (let row = 0; row < outcome.length; row++)
    if ((outcome[row] as number) >= 0 && (reached === null || reached[row] === 1)) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Returns the number of positive rows among those that a task measures. */
export function positivesOf(labels: FunnelRows['labels'], { label, given }: FunnelTask): number {
  const reached = given === null ? null : column(labels, given);
  const isPositive = (value: number, row: number) => value === 1 && (reached === null || reached[row] === 1);
  return column(labels, label).reduce((sum, value, row) => sum + Number(isPositive(value, row)), 0);
}

function rowsOfTask(
  { labels, weight, group }: FunnelRows,
  { label, given }: FunnelTask,
  probability: Float32Array,
): ScoredRows {
  const rows = { probability, label: column(labels, label), weight, group };
  return given === null ? rows : rowsReaching(rows, column(labels, given));
}

/**
 * Returns the mean probabilities of the rows that reached a stage, and of those that did not. They are computed from a
 * tally, whose sums do not depend on the order of the rows.
 */
function meanPredictions({ probabilities, labels, weight }: FunnelRows, output: string, stage: string) {
  const rows = { probability: column(probabilities, output), label: column(labels, stage), weight, group: null };
  checkRows(rows);
  const { totals } = tallyKnown(rows);
  const mean = (predicted: number, total: number, reason: string) =>
    total === 0 ? undefinedMetric(reason) : measured(predicted / total);
  return {
    reached: mean(totals.predictedOfPositives, totals.positive, `no rows that reached ${stage}`),
    notReached: mean(totals.predictedOfNegatives, totals.negative, `no rows that did not reach ${stage}`),
  };
}

function aucWithSharedCtr(funnel: FunnelRows, task: FunnelTask, sharedPctr: Float32Array | undefined): Metric {
  if (sharedPctr === undefined) return undefinedMetric('no shared CTR network');
  const pcvr = column(funnel.probabilities, 'pcvr');
  const rows = rowsOfTask(
    funnel,
    task,
    pcvr.map((conversion, row) => conversion * (sharedPctr[row] as number)),
  );
  checkRows(rows);
  return areaUnderCurve(tallyKnown(rows));
}

function checkFunnel(rows: FunnelRows, { tasks, trainingRates, sharedPctr }: FunnelOptions): void {
  const { probabilities, labels, weight, group } = rows;
  const outputs = [...tasks.map((task) => task.output), ...(sharedPctr ? ['pcvr'] : [])];
  const stages = tasks.flatMap(({ label, given }) => (given === null ? [label] : [label, given]));
  const missing = [
    ...absentFrom(probabilities, outputs).map((name) => `output ${name}`),
    ...absentFrom(labels, stages).map((name) => `label ${name}`),
    ...absentFrom(
      trainingRates,
      tasks.map((task) => task.name),
    ).map((name) => `training rate of ${name}`),
  ];
  if (missing.length > 0) throw new Error(`evaluation lacks ${missing.join(', ')}`);
  const columns = Object.entries({ ...probabilities, ...labels, weight, group, sharedPctr }).flatMap(
    ([name, values]) => (values ? [{ name, length: values.length }] : []),
  );
  const uneven = columns.filter(({ length }) => length !== columns[0]?.length);
  if (columns[0] && uneven.length > 0) {
    const got = uneven.map(({ name, length }) => `${name} ${length}`).join(', ');
    throw new RangeError(`evaluation columns must have ${columns[0].length} rows like ${columns[0].name}, got ${got}`);
  }
}

function absentFrom(record: Readonly<Record<string, unknown>>, names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => !Object.hasOwn(record, name));
}

function column<Values>(columns: Readonly<Record<string, Values>>, name: string): Values {
  const values = columns[name];
  if (values === undefined) throw new Error(`evaluation lacks ${name}`);
  return values;
}
