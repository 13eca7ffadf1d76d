/** Is as much observed as was predicted, and does the model rank as its scores claim? */
import { upperNormalQuantile } from '../../numbers/normal-quantile.ts';
import { fixed, interval, percent } from '../../numbers/text.ts';
import type { MeasuredOutput } from '../../table/monitor/sum-queries.ts';
import { AGE_PARTS } from '../../table/monitor/sums.ts';
import type { DayRecord, VersionDay } from '../history.ts';
import { type Completeness, completenessOf, completenessOfRuns, type SeenYoung } from '../statistics/completeness.ts';
import { curvesOf } from '../statistics/curves.ts';
import { aucError, ratioInterval, Z95 } from '../statistics/intervals.ts';
import type { Comparison, DayContext } from './check.ts';

/** Positives, and negatives, without which no AUC is compared. */
const LEAST_OF_A_KIND = 10;
/** Share of a day's events that must be expected by now for what has come to be compared. */
const LEAST_COMPLETE = 0.1;

/** Predicted and observed of a day, as far as labels are there. */
export interface Ratio {
  /** What should have been observed by now, if the probabilities and the delays are right. */
  readonly predicted: number;
  readonly observed: number;
  /** Share of all that is predicted of the day that should be there by now. */
  readonly complete: number;
  /** Standard deviation of the logarithm of `predicted`, which young rows make uncertain. */
  readonly relative: number;
}

/**
 * Returns predicted and observed of an output on a day: of the rows of final label and, where it is known how long
 * events take, of the younger ones, as much as should have come by their age; `null` where nothing is known.
 */
export function ratioOf(
  { joined }: Pick<VersionDay, 'joined'>,
  output: string,
  completeness: Completeness | null,
): Ratio | null {
  const [known, young] = [joined?.known[output], joined?.young[output]];
  const final = { predicted: known?.predicted ?? 0, observed: known?.positives ?? 0 };
  const waiting = sum(young?.predicted ?? []);
  const all = final.predicted + waiting;
  if (young === undefined || completeness === null)
    return known === undefined ? null : { ...final, complete: final.predicted / all, relative: 0 };
  const added = sum(young.predicted.map((value, part) => value * completeness.at(part + 0.5)));
  const predicted = final.predicted + added;
  if (!(predicted > 0)) return null;
  return {
    predicted,
    observed: final.observed + sum(young.positives),
    complete: predicted / all,
    relative: waiting === 0 ? 0 : (completeness.relativeError(added / waiting) * added) / predicted,
  };
}

/**
 * Returns which share of a stage's events has come by which age: by their times or, without any, by what runs saw of the
 * days while their labels were young.
 */
export function completenessOfDays(
  days: readonly DayRecord[],
  stage: string,
  tasks: readonly MeasuredOutput[],
): Completeness | null {
  const output = tasks.find(({ label, given }) => label === stage && given === null)?.output ?? '';
  return completenessOfTimes(days, stage) ?? completenessOfRuns(days.flatMap((day) => seenYoung(day, output)));
}

/** Returns, of the versions whose labels of an output are final on a day, what runs saw of them before. */
function seenYoung({ versions }: DayRecord, output: string): SeenYoung[] {
  return Object.values(versions).flatMap(({ joined, snapshots = {} }) => {
    const [final, young] = [joined?.known[output], joined?.young[output]];
    if (final === undefined || sum(young?.predicted ?? []) > 0) return [];
    const seen = Object.values(snapshots).flatMap(({ [output]: own }) => {
      if (own === undefined) return [];
      const all = (values: readonly number[]) => {
        const parts = new Array<number>(AGE_PARTS).fill(0);
        for (const [index, value] of values.entries()) parts[own.from + index] = value;
        return parts;
      };
      return [{ predicted: all(own.predicted), positives: all(own.positives) }];
    });
    return [{ final, seen }];
  });
}

/** Returns which share of a stage's events has come by which age, by their times in the final labels of days. */
export function completenessOfTimes(days: readonly DayRecord[], stage: string): Completeness | null {
  const delays = days.flatMap(({ versions }) =>
    Object.values(versions).flatMap(({ joined }) => {
      const parts = joined?.delays[stage];
      return parts === undefined ? [] : [parts];
    }),
  );
  return completenessOf(delays);
}

/** Compares predicted with observed of every output and version. */
export function compareCalibration({ day, before, monitoring, tasks }: DayContext): Comparison[] {
  return Object.entries(day.versions).flatMap(([version, scores]) =>
    tasks.flatMap((task): Comparison[] => {
      const completeness = completenessOfDays(before, task.label, tasks);
      const ratio = ratioOf(scores, task.output, completeness);
      if (ratio === null || ratio.complete < LEAST_COMPLETE || ratio.predicted === 0) return [];
      const { predicted, observed, complete, relative } = ratio;
      const value = predicted / observed;
      const shown = ratioInterval(predicted, observed, Z95, relative);
      const isProvisional = complete < 0.9995;
      const soFar = isProvisional ? ` so far, with ${percent(complete)} of the labels` : '';
      return [
        {
          check: 'pcoc',
          subject: task.output,
          version,
          day: day.day,
          // Without times of events, fewer of them and later ones look the same until labels are final.
          limits: isProvisional && completeness?.from === 'runs' ? { ...monitoring.pcoc, act: null } : monitoring.pcoc,
          value,
          interval: shown,
          isProvisional,
          distance: (probability) => {
            const { lower, upper } = ratioInterval(predicted, observed, upperNormalQuantile(probability), relative);
            return Math.max(lower - 1, 1 / upper - 1);
          },
          sentence: `predicted over observed is ${ratioText(value)} (${interval(shown, ratioText)})${soFar}`,
          show: (limit) => (value >= 1 ? fixed(1 + limit, 2) : fixed(1 / (1 + limit), 2)),
          advice:
            value >= 1
              ? 'less happens than is predicted: look for labels that are lost or late, then for a change in the market, and retrain'
              : 'more happens than is predicted: look for labels that come twice, then for a change in the market, and retrain',
        },
      ];
    }),
  );
}

/** Compares the AUC of every output and version, of final labels, with the one that its scores lead to expect. */
export function compareRanking({ day, monitoring, tasks }: DayContext): Comparison[] {
  return Object.entries(day.versions).flatMap(([version, { joined }]) =>
    tasks.flatMap(({ output }): Comparison[] => {
      const known = joined?.known[output];
      if (known === undefined) return [];
      const { auc, expectedAuc } = curvesOf(known);
      // By rows: weights, of a sampled log, add no certainty.
      const [positives, negatives] = [known.positives, known.rows - known.positives];
      if (auc === null || expectedAuc === null || Math.min(positives, negatives) < LEAST_OF_A_KIND) return [];
      const error = aucError(auc, positives, negatives);
      return [
        {
          check: 'auc',
          subject: output,
          version,
          day: day.day,
          limits: monitoring.auc,
          value: auc,
          interval: { lower: auc - Z95 * error, upper: auc + Z95 * error },
          isProvisional: false,
          distance: (probability) => expectedAuc - auc - upperNormalQuantile(probability) * error,
          sentence: `AUC is ${fixed(auc, 3)}, where the scores lead to expect ${fixed(expectedAuc, 3)}`,
          show: (limit) => `${fixed(limit, 2)} below`,
          advice:
            'the scores no longer rank what happens: look for a feature that is computed otherwise than at training',
        },
      ];
    }),
  );
}

function ratioText(value: number): string {
  return Number.isFinite(value) ? fixed(value, 2) : 'above any number';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
