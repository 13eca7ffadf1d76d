/** Metrics of one or two models on the same rows, with 95% bootstrap intervals over the same units. */

import type { FunnelRows, FunnelTask, FunnelTaskMetrics } from '../../evaluation/funnel.ts';
import {
  type BootstrapOptions,
  bootstrap,
  estimate,
  quantile,
  ratioStatistic,
  type Statistic,
  type UnitKind,
  type Units,
} from './bootstrap.ts';
import { crossEntropy } from './row-losses.ts';
import { type ClassWeights, classWeights, measuredRows, type UnitSums, unitSums } from './unit-sums.ts';

/** A number and the interval that holds 95% of its resamples; `null` where it is undefined. */
export interface Interval {
  readonly value: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

/** The metrics of one output of a model; `null` if the rows do not define them. */
export interface OutputMetrics {
  /** Area under the ROC curve. */
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

/** The units of the intervals. */
export interface ChosenUnits {
  readonly units: Units;
  readonly kind: UnitKind;
  /** Why these and not the declared groups, as the end of a clause; empty where there is nothing to say. */
  readonly note: string;
  /** Why the loss cannot be compared by them; `null` where it can. */
  readonly tooFew: string | null;
}

/** One output of both models. */
export interface ComparedModels {
  readonly task: FunnelTask;
  readonly challenger: MeasuredOutput;
  readonly champion: MeasuredOutput | null;
}

/** Compares outputs, each on the rows that its task measures. */
export function compareOutputs(
  rows: Pick<FunnelRows, 'labels' | 'weight'>,
  { units, kind, note }: ChosenUnits,
  outputs: readonly ComparedModels[],
  options: BootstrapOptions,
): OutputComparison[] {
  const all = outputs.map((output) => ({ ...output, statistics: statisticsOf(rows, units, output) }));
  const resampled = bootstrap(
    all.flatMap(({ statistics: { own, other, difference } }) => [own, other, difference].flatMap(valuesOf)),
    units.count,
    options,
  );
  const interval = (statistic: Statistic) => intervalOf(statistic, resampled.get(statistic) as Float64Array);
  return all.map(({ task, challenger, champion, statistics: { own, other, difference, unitCount } }) => ({
    task: task.name,
    title: task.title,
    output: task.output,
    rows: challenger.metrics.rows,
    positives: challenger.metrics.positives,
    units: { kind, count: unitCount, note },
    challenger: metricsOf(challenger.metrics, own, interval),
    champion: champion && other && metricsOf(champion.metrics, other, interval),
    difference: difference && {
      auc: interval(difference.auc),
      logLoss: interval(difference.logLoss),
      pcoc: interval(difference.pcoc),
    },
  }));
}

/** The figures of an output that are resampled. */
interface Statistics {
  readonly own: OfModel;
  readonly other: OfModel | null;
  readonly difference: Readonly<Record<'auc' | 'logLoss' | 'pcoc', Statistic>> | null;
  /** Units with such rows. */
  readonly unitCount: number;
}

type OfModel = Readonly<Record<'auc' | 'pcoc' | 'normalizedEntropy', Statistic>>;

function statisticsOf(
  rows: Pick<FunnelRows, 'labels' | 'weight'>,
  units: Units,
  { task, challenger, champion }: ComparedModels,
): Statistics {
  const measured = measuredRows(rows, units, task);
  const classes = classWeights(measured);
  const weight = classes.positive.map((value, unit) => value + (classes.negative[unit] as number));
  const own = unitSums(measured, challenger.probability);
  const other = champion && unitSums(measured, champion.probability);
  return {
    own: ofModel(own, classes, challenger.metrics.trainingRate),
    other: other && ofModel(other, classes, champion.metrics.trainingRate),
    difference: other && {
      auc: areaStatistic(
        {
          wonByPositives: minus(own.wonByPositives, other.wonByPositives),
          lostByNegatives: minus(own.lostByNegatives, other.lostByNegatives),
        },
        classes,
      ),
      logLoss: ratioStatistic(minus(own.loss, other.loss), weight),
      pcoc: ratioStatistic(minus(own.predicted, other.predicted), classes.positive),
    },
    unitCount: weight.reduce((sum, value) => sum + Number(value > 0), 0),
  };
}

function ofModel(sums: UnitSums, classes: ClassWeights, trainingRate: number): OfModel {
  const { positive, negative } = classes;
  const [ofPositive, ofNegative] = [crossEntropy(trainingRate, 1), crossEntropy(trainingRate, 0)];
  const constantLoss = positive.map((value, unit) => value * ofPositive + (negative[unit] as number) * ofNegative);
  return {
    auc: areaStatistic(sums, classes),
    pcoc: ratioStatistic(sums.predicted, positive),
    normalizedEntropy: ratioStatistic(sums.loss, constantLoss),
  };
}

/** An AUC, or a difference of two, to first order: what the positives win and what the negatives lose, less the mean. */
function areaStatistic(
  { wonByPositives, lostByNegatives }: Pick<UnitSums, 'wonByPositives' | 'lostByNegatives'>,
  { positive, negative }: ClassWeights,
): Statistic {
  const won = { numerator: wonByPositives, denominator: positive };
  const lost = { numerator: lostByNegatives, denominator: negative };
  return { ratios: [won, lost], offset: -estimate({ ratios: [won], offset: 0 }) };
}

/** The intervals' own values give way to those of `evaluateFunnel`, which are `null` where a metric is undefined. */
function metricsOf(
  metrics: FunnelTaskMetrics,
  { auc, pcoc, normalizedEntropy }: OfModel,
  interval: (statistic: Statistic) => Interval,
): OutputMetrics {
  return {
    auc: { ...withinOne(interval(auc)), value: metrics.auc.value },
    logLoss: metrics.logLoss.value,
    normalizedEntropy: { ...interval(normalizedEntropy), value: metrics.normalizedEntropy.value },
    pcoc: { ...interval(pcoc), value: metrics.pcoc.value },
  };
}

/** To first order, an AUC of few rows can exceed 1. */
function withinOne({ value, lower, upper }: Interval): Interval {
  const bound = (limit: number | null) => limit && Math.min(1, limit);
  return { value, lower: bound(lower), upper: bound(upper) };
}

function intervalOf(statistic: Statistic, ascending: Float64Array): Interval {
  return {
    value: finite(estimate(statistic)),
    lower: finite(quantile(ascending, 0.025)),
    upper: finite(quantile(ascending, 0.975)),
  };
}

/** JSON knows neither infinity nor NaN. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, index) => value - (b[index] as number));
}

function valuesOf(statistics: Readonly<Record<string, Statistic>> | null): Statistic[] {
  return Object.values(statistics ?? {});
}
