/** Metrics of one or two models on the same rows, with 95% bootstrap intervals over the same units. */

import type { FunnelRows, FunnelTask, FunnelTaskMetrics } from '../evaluation/funnel.ts';
import { sortIndices } from '../numbers/sort.ts';
import {
  type BootstrapOptions,
  bootstrapRatios,
  drawUnits,
  quantile,
  type Ratio,
  ratioOf,
  sumByUnit,
  type UnitKind,
  type Units,
} from './bootstrap.ts';
import { crossEntropy } from './row-losses.ts';

/** A number and the interval that holds 95% of its resamples; `null` where it is undefined. */
export interface Interval {
  readonly value: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

/** The metrics of one output of a model; `null` if the rows do not define them. */
export interface OutputMetrics {
  /** Area under the ROC curve; without an interval if there are too many rows to resample. */
  readonly auc: Interval;
  readonly logLoss: number | null;
  readonly normalizedEntropy: Interval;
  readonly pcoc: Interval;
}

/** One output of both models. Differences are challenger - champion; lower is better in log loss, higher in AUC. */
export interface OutputComparison {
  readonly task: string;
  readonly title: string;
  readonly output: string;
  /** Rows that are measured, and the positive ones among them. */
  readonly rows: number;
  readonly positives: number;
  /** What was resampled for the intervals: the units that have such rows, and why it is not the declared groups. */
  readonly units: { readonly kind: UnitKind; readonly count: number; readonly note: string };
  readonly challenger: OutputMetrics;
  readonly champion: OutputMetrics | null;
  readonly difference: { readonly auc: Interval; readonly logLoss: Interval; readonly pcoc: Interval } | null;
}

/** A model's scores of the rows, with what `evaluateFunnel` says of them. */
export interface MeasuredOutput {
  readonly metrics: FunnelTaskMetrics;
  readonly probability: Float32Array;
}

/** A pass over all rows for each resample of an AUC: fewer resamples, and none of very many rows. */
const AUC_RESAMPLES = 200;
const MOST_AUC_ROWS = 1_000_000;

/** The units of the intervals. */
export interface ChosenUnits {
  readonly units: Units;
  readonly kind: UnitKind;
  /** Why these and not the declared groups, as the end of a clause; empty where there is nothing to say. */
  readonly note: string;
  /** Why the loss cannot be compared by them; `null` where it can. */
  readonly tooFew: string | null;
}

/** Compares one output on the rows that its task measures. */
export function compareOutput(
  { labels, weight }: Pick<FunnelRows, 'labels' | 'weight'>,
  { units, kind, note }: ChosenUnits,
  task: FunnelTask,
  models: { readonly challenger: MeasuredOutput; readonly champion: MeasuredOutput | null },
  options: BootstrapOptions,
): OutputComparison {
  const { challenger, champion } = models;
  const rows: TaskRows = { units, label: labels[task.label] as Int8Array, weight, counts: countedRows(labels, task) };
  const positive = sumOver(rows, (_, label) => label);
  const weightSum = sumOver(rows, () => 1);
  const own = ratiosOf(rows, challenger, positive);
  const other = champion && ratiosOf(rows, champion, positive);
  const ratios = [
    own.pcoc,
    own.normalizedEntropy,
    ...(other === null
      ? []
      : [
          other.pcoc,
          other.normalizedEntropy,
          { numerator: minus(own.loss, other.loss), denominator: weightSum },
          { numerator: minus(own.predicted, other.predicted), denominator: positive },
        ]),
  ];
  const resampled = bootstrapRatios(ratios, units.count, options);
  const aucs = aucIntervals(rows, [challenger, ...(champion === null ? [] : [champion])], options.seed);
  const at = (index: number) => intervalOf(ratioOf(ratios[index] as Ratio), resampled[index] as Float64Array);
  return {
    task: task.name,
    title: task.title,
    output: task.output,
    rows: challenger.metrics.rows,
    positives: challenger.metrics.positives,
    units: { kind, count: weightSum.reduce((sum, weight) => sum + Number(weight > 0), 0), note },
    challenger: metricsOf(challenger.metrics, { auc: aucs.each[0] as Interval, pcoc: at(0), normalizedEntropy: at(1) }),
    champion:
      champion && metricsOf(champion.metrics, { auc: aucs.each[1] as Interval, pcoc: at(2), normalizedEntropy: at(3) }),
    difference: champion && {
      auc: aucs.difference,
      logLoss: at(4),
      pcoc: at(5),
    },
  };
}

/** The rows of a task by unit. */
interface TaskRows {
  readonly units: Units;
  readonly label: Int8Array;
  readonly weight: Float32Array | null;
  /** 1 for a row that is measured: it reached the stage that is given, and its label is known. */
  readonly counts: Uint8Array;
}

function countedRows(labels: FunnelRows['labels'], { label, given }: FunnelTask): Uint8Array {
  const outcome = labels[label] as Int8Array;
  const reached = given === null ? null : (labels[given] as Int8Array);
  return Uint8Array.from(outcome, (value, row) => Number(value >= 0 && (reached === null || reached[row] === 1)));
}

function sumOver({ units, label, weight, counts }: TaskRows, valueAt: (row: number, label: number) => number) {
  return sumByUnit(units, (row) =>
    counts[row] === 0 ? 0 : (weight === null ? 1 : (weight[row] as number)) * valueAt(row, label[row] as number),
  );
}

function ratiosOf(rows: TaskRows, { metrics: { trainingRate }, probability }: MeasuredOutput, positive: Float64Array) {
  const loss = sumOver(rows, (row, label) => crossEntropy(probability[row] as number, label));
  const predicted = sumOver(rows, (row) => probability[row] as number);
  const constantLoss = sumOver(rows, (_, label) => crossEntropy(trainingRate, label));
  return {
    loss,
    predicted,
    pcoc: { numerator: predicted, denominator: positive },
    normalizedEntropy: { numerator: loss, denominator: constantLoss },
  };
}

/** The intervals' own values give way to those of `evaluateFunnel`, which are `null` where a metric is undefined. */
function metricsOf(
  metrics: FunnelTaskMetrics,
  { auc, pcoc, normalizedEntropy }: Pick<OutputMetrics, 'auc' | 'pcoc' | 'normalizedEntropy'>,
): OutputMetrics {
  return {
    auc: { ...auc, value: metrics.auc.value },
    logLoss: metrics.logLoss.value,
    normalizedEntropy: { ...normalizedEntropy, value: metrics.normalizedEntropy.value },
    pcoc: { ...pcoc, value: metrics.pcoc.value },
  };
}

const NO_INTERVAL: Interval = { value: null, lower: null, upper: null };

/** Returns the intervals of each model's AUC and of the first model's AUC minus the second's, by the same resamples. */
function aucIntervals(
  rows: TaskRows,
  models: readonly MeasuredOutput[],
  seed: number,
): { readonly each: readonly Interval[]; readonly difference: Interval } {
  const ofTask = Uint32Array.from(rows.counts.keys()).filter((row) => rows.counts[row] === 1);
  if (ofTask.length > MOST_AUC_ROWS) return { each: models.map(() => NO_INTERVAL), difference: NO_INTERVAL };
  const ranked = models.map(({ probability }) => rankRows(rows, probability, sortIndices(ofTask, probability)));
  const aucs = (drawn: Uint32Array | null) => ranked.map((model) => weightedAuc(model, drawn));
  const difference = ([own = Number.NaN, other = Number.NaN]: readonly number[]) => own - other;
  const values = aucs(null);
  const resampled: (readonly number[])[] = [];
  for (const drawn of drawUnits(rows.units.count, { resamples: AUC_RESAMPLES, seed })) resampled.push(aucs(drawn));
  const interval = (of: (all: readonly number[]) => number) =>
    intervalOf(of(values), Float64Array.from(resampled, of).sort());
  return {
    each: models.map((_, index) => interval((all) => all[index] as number)),
    difference: interval(difference),
  };
}

/** Rows by ascending probability, column by column, so that each resample is one walk through memory. */
interface RankedRows {
  readonly unit: Uint32Array;
  readonly label: Uint8Array;
  readonly weight: Float32Array;
  /** 1 where the next row has another probability. */
  readonly endsTie: Uint8Array;
}

function rankRows({ units, label, weight }: TaskRows, probability: Float32Array, order: Uint32Array): RankedRows {
  return {
    unit: order.map((row) => units.of[row] as number),
    label: Uint8Array.from(order, (row) => label[row] as number),
    weight: Float32Array.from(order, (row) => (weight === null ? 1 : (weight[row] as number))),
    endsTie: Uint8Array.from(order, (row, place) => Number(probability[order[place + 1] ?? -1] !== probability[row])),
  };
}

/** AUC where each row counts as often as its unit was drawn; ties count half. NaN where a class is missing. */
function weightedAuc({ unit, label, weight, endsTie }: RankedRows, drawn: Uint32Array | null): number {
  let [wins, positives, negatives, tiedPositives, tiedNegatives] = [0, 0, 0, 0, 0];
  for (let place = 0; place < unit.length; place++) {
    const times = drawn === null ? 1 : (drawn[unit[place] as number] as number);
    const counted = times * (weight[place] as number);
    if (label[place] === 1) tiedPositives += counted;
    else tiedNegatives += counted;
    if (endsTie[place] === 0) continue;
    wins += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    tiedPositives = 0;
    tiedNegatives = 0;
  }
  return wins / (positives * negatives);
}

function intervalOf(value: number, ascending: Float64Array): Interval {
  return { value: finite(value), lower: finite(quantile(ascending, 0.025)), upper: finite(quantile(ascending, 0.975)) };
}

/** JSON knows neither infinity nor NaN. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, index) => value - (b[index] as number));
}
