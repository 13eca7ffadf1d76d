/** Every number of the page, for programs: `monitoring/<model>/index.json`. */
import { addBins } from '../numbers/logit-bins.ts';
import { AGE_PARTS, type PairedSums, type SegmentSums } from '../table/monitor/sums.ts';
import { completenessOfDays, type Ratio, ratioOf } from './checks/calibration.ts';
import type { DayRecord, OnlineDay, VersionDay } from './history.ts';
import type { Monitored } from './monitored.ts';
import type { Completeness } from './statistics/completeness.ts';
import { type Curves, curvesOf } from './statistics/curves.ts';
import { type Interval, ratioInterval, Z95 } from './statistics/intervals.ts';
import { stabilityOf } from './statistics/stability.ts';

/** Format of the document. */
const NUMBERS_FORMAT = 1;
/** Days that the page shows: five weeks. */
export const SHOWN_DAYS = 35;
/** Ages that are shown of labels, in parts of `within`. */
const SHOWN_AGES = [1, 2, 4, 8, 16, 24, AGE_PARTS];
/** What is looked up of a day without final labels. */
const NO_CURVES: Curves = { auc: null, expectedAuc: null, entropy: null, expectedEntropy: null };

/** An output of a version on a day. */
export interface OutputDay extends Curves {
  readonly day: string;
  readonly version: string;
  readonly output: string;
  readonly ratio: Ratio | null;
  /** Predicted over observed; `null` where nothing is observed. */
  readonly pcoc: number | null;
  /** 95% interval of it; `upper` is `null` where it has no end. */
  readonly interval: { readonly lower: number; readonly upper: number | null } | null;
  /** Rows of final label. */
  readonly rows: number;
  readonly positives: number;
}

/** A feature on a day, over all versions. */
export interface FeatureDay {
  readonly day: string;
  readonly feature: string;
  readonly missing: number;
  /** `null` where no value can be unknown. */
  readonly unknown: number | null;
  readonly usual: { readonly missing: number; readonly unknown: number };
}

/** Where more, or less, happened than was predicted. */
export interface SegmentExcess extends Omit<SegmentSums, 'money'> {
  /** Predicted minus observed. */
  readonly excess: number;
  /** 95% interval of the excess. */
  readonly interval: Interval;
  /** The excess times what an event brings, in the segment or, without any there, on average; `null` without money. */
  readonly money: number | null;
}

/** A version and the one before it on the rows that both scored. */
export interface VersionPair {
  readonly output: string;
  readonly version: string;
  readonly before: string;
  readonly rows: number;
  /** Mean loss of the version before minus that of this one, in nats: above 0 where this one is better. */
  readonly difference: number;
  readonly interval: Interval;
}

/** Stability indices of the scores of the last day, against those at training and of the week before. */
export interface ScoreShift {
  readonly output: string;
  readonly version: string;
  readonly againstTraining: number | null;
  readonly againstWeek: number | null;
}

/** Which share of a stage's events has come by which age of its row. */
export interface LabelAges {
  readonly stage: string;
  readonly from: Completeness['from'];
  readonly positives: number;
  readonly ages: readonly { readonly seconds: number; readonly share: number }[];
}

/** The online requests of a day that a version has scored. */
export interface OnlineRequests extends OnlineDay {
  readonly day: string;
  readonly version: string;
}

/** Returns the days that are shown. */
export function shownDays({ history }: Pick<Monitored, 'history'>): readonly DayRecord[] {
  return history.days.slice(-SHOWN_DAYS);
}

/** Returns the numbers as one document. */
export function numbersOf(monitored: Monitored) {
  const { model, at, verdict, judged, news, notes, history, usdPerSecond } = monitored;
  const days = shownDays(monitored);
  const first = days[0]?.day ?? '';
  return {
    formatVersion: NUMBERS_FORMAT,
    model,
    at: at.toISOString(),
    verdict: { level: verdict.level, reason: verdict.reason },
    findings: verdict.findings,
    news,
    notes,
    end: history.end,
    outputs: outputDays(monitored),
    completeness: labelAges(monitored),
    features: featureDays(days),
    segments: segmentExcesses(monitored),
    versions: versionPairs(days),
    scores: scoreShifts(monitored),
    days: days.map(({ day, outcomes, versions }) => ({
      day,
      outcomes,
      versions: Object.entries(versions).map(([version, { features: _, outputs, joined, ...own }]) => ({
        version,
        ...own,
        usd: usdPerSecond === null ? null : own.seconds * usdPerSecond,
        outcomes: joined?.outcomes ?? null,
        outputs,
      })),
    })),
    online: onlineRequests(days),
    comparisons: judged.filter(({ day }) => day >= first),
  };
}

/** Returns predicted and observed, ranking and loss of every output by day and version. */
export function outputDays({ history, tasks }: Pick<Monitored, 'history' | 'tasks'>): OutputDay[] {
  return shownDays({ history }).flatMap(({ day, versions }) => {
    const before = history.days.filter((other) => other.day < day);
    return tasks.flatMap(({ output, label }) => {
      const completeness = completenessOfDays(before, label, tasks);
      return Object.entries(versions).map(([version, own]) =>
        outputDay(own, { day, version, output }, ratioOf(own, output, completeness)),
      );
    });
  });
}

function outputDay(
  { joined }: Pick<VersionDay, 'joined'>,
  names: Pick<OutputDay, 'day' | 'version' | 'output'>,
  ratio: Ratio | null,
): OutputDay {
  const known = joined?.known[names.output];
  const bounds = ratio === null ? null : ratioInterval(ratio.predicted, ratio.observed, Z95, ratio.relative);
  return {
    ...names,
    ratio,
    pcoc: ratio === null || ratio.observed === 0 ? null : ratio.predicted / ratio.observed,
    interval: bounds && { lower: bounds.lower, upper: Number.isFinite(bounds.upper) ? bounds.upper : null },
    ...(known === undefined ? NO_CURVES : curvesOf(known)),
    rows: known?.rows ?? 0,
    positives: known?.positives ?? 0,
  };
}

/** Returns which share of the events of each stage that takes time has come by which age, as far as it was learned. */
export function labelAges({
  history,
  tasks,
  declaration,
}: Pick<Monitored, 'history' | 'tasks' | 'declaration'>): LabelAges[] {
  return declaration.stages.flatMap(({ name, withinMs }) => {
    const completeness = withinMs === null ? null : completenessOfDays(history.days, name, tasks);
    if (withinMs === null || completeness === null) return [];
    const { from, positives, at } = completeness;
    const ages = SHOWN_AGES.map((parts) => ({ seconds: (parts / AGE_PARTS) * (withinMs / 1000), share: at(parts) }));
    return [{ stage: name, from, positives, ages }];
  });
}

/** Returns the shares of missing and unknown values by feature and day. */
export function featureDays(
  days: readonly (Pick<DayRecord, 'day'> & {
    readonly versions: Readonly<Record<string, Pick<VersionDay, 'features'>>>;
  })[],
): FeatureDay[] {
  return days.flatMap(({ day, versions }) => {
    const all = Object.values(versions).map(({ features }) => features);
    const names = [...new Set(all.flatMap((features) => Object.keys(features)))];
    return names.map((feature): FeatureDay => {
      const counts = all.flatMap((features) => features[feature] ?? []);
      const total = (name: 'rows' | 'missing' | 'values' | 'unknown') =>
        counts.reduce((sum, count) => sum + (count[name] ?? 0), 0);
      const isCounted = counts.every(({ unknown }) => unknown !== null);
      return {
        day,
        feature,
        missing: total('missing') / Math.max(1, total('rows')),
        unknown: isCounted ? total('unknown') / Math.max(1, total('values')) : null,
        usual: counts.at(-1)?.usual ?? { missing: 0, unknown: 0 },
      };
    });
  });
}

/** Returns the segments of the shown days' final labels, those furthest from what was predicted first. */
export function segmentExcesses(monitored: Pick<Monitored, 'history' | 'declaration'>): SegmentExcess[] {
  const sums = new Map<string, SegmentSums>();
  for (const { versions } of shownDays(monitored))
    for (const { joined } of Object.values(versions))
      for (const one of joined?.segments ?? []) {
        const key = JSON.stringify([one.column, one.value]);
        const own = sums.get(key);
        sums.set(key, own === undefined ? one : addSegments(own, one));
      }
  const hasMoney = monitored.declaration.monitoring.money !== null;
  return [...sums.values()]
    .map(({ money, ...own }): SegmentExcess => {
      const column = [...sums.values()].filter((other) => other.column === own.column).reduce(addSegments);
      const mean = own.positives > 0 ? money / own.positives : column.money / Math.max(1, column.positives);
      const excess = own.predicted - own.positives;
      const interval = around(excess, Math.sqrt(Math.max(1, own.positives)));
      return { ...own, excess, interval, money: hasMoney ? excess * mean : null };
    })
    .sort((a, b) => Math.abs(b.excess) - Math.abs(a.excess));
}

/** Returns how versions compare on the rows that both scored, over the shown days. */
export function versionPairs(days: readonly DayRecord[]): VersionPair[] {
  const sums = new Map<string, PairedSums>();
  for (const { versions } of days)
    for (const [version, { joined }] of Object.entries(versions))
      for (const [before, outputs] of Object.entries(joined?.paired ?? {}))
        for (const [output, pair] of Object.entries(outputs)) {
          const key = JSON.stringify([output, version, before]);
          const own = sums.get(key) ?? { rows: 0, difference: 0, squares: 0 };
          sums.set(key, {
            rows: own.rows + pair.rows,
            difference: own.difference + pair.difference,
            squares: own.squares + pair.squares,
          });
        }
  return [...sums].map(([key, { rows, difference: sum, squares }]): VersionPair => {
    const [output, version, before] = JSON.parse(key) as [string, string, string];
    const difference = sum / rows;
    const error = Math.sqrt(Math.max(0, squares / rows - difference ** 2) / rows);
    return { output, version, before, rows, difference, interval: around(difference, error) };
  });
}

/** Returns how the last day's scores differ from those at training and of the week before, by output and version. */
export function scoreShifts({ history, training }: Pick<Monitored, 'history' | 'training'>): ScoreShift[] {
  const last = lastScored(history.days);
  const week = history.days.filter(({ day }) => last !== undefined && day < last.day).slice(-7);
  return Object.entries(last?.versions ?? {}).flatMap(([version, { outputs }]) =>
    Object.entries(outputs ?? {}).map(([output, { bins }]): ScoreShift => {
      const trained = training[version]?.[output]?.bins;
      const earlier = week.flatMap((day) => day.versions[version]?.outputs?.[output]?.bins ?? []);
      const index = (reference: typeof bins | undefined) =>
        reference === undefined ? null : (stabilityOf(bins, reference, 0.05)?.index ?? null);
      return {
        output,
        version,
        againstTraining: index(trained),
        againstWeek: index(earlier.length === 0 ? undefined : earlier.reduce(addBins)),
      };
    }),
  );
}

/** Returns the online requests of days, by day and version. */
export function onlineRequests(days: readonly DayRecord[]): OnlineRequests[] {
  return days.flatMap(({ day, online = {} }) =>
    Object.entries(online).map(([version, requests]) => ({ day, version, ...requests })),
  );
}

/** Returns the last day on which anything was scored. */
export function lastScored(days: readonly DayRecord[]): DayRecord | undefined {
  return days.findLast(({ versions }) => Object.keys(versions).length > 0);
}

function addSegments(a: SegmentSums, b: SegmentSums): SegmentSums {
  return {
    ...a,
    rows: a.rows + b.rows,
    predicted: a.predicted + b.predicted,
    positives: a.positives + b.positives,
    money: a.money + b.money,
  };
}

function around(value: number, error: number): Interval {
  return { lower: value - Z95 * error, upper: value + Z95 * error };
}
