/** The plots of the monitoring page. */
import * as Plot from '@observablehq/plot';
import { allBins, type Bins, FIRST_LOGIT, LOGIT_STEP } from '../../numbers/logit-bins.ts';
import { fixed, percent } from '../../numbers/text.ts';
import { BEFORE, draw, FAINT, OWN } from '../../report/draw.ts';
import type { Html } from '../../report/html.ts';
import type { FeatureDay, OutputDay } from '../numbers.ts';
import { totalOf } from '../statistics/curves.ts';

/** Predicted over observed at which a plot ends. */
const MOST = 3;
const HALF_DAY_MS = 43_200_000;

/** A day with a value that is drawn. */
interface Point {
  readonly day: Date;
  readonly value: number;
}

/** Predicted over observed of an output by day, with 95% intervals; days whose labels are still coming are shaded. */
export function ratioPlot(output: string, days: readonly OutputDay[], limits: readonly number[]): Html {
  const points = days.flatMap(({ day, pcoc, interval, ratio }) =>
    pcoc === null || interval === null
      ? []
      : [
          {
            day: dateOf(day),
            value: Math.min(MOST, pcoc),
            lower: Math.min(MOST, interval.lower),
            upper: Math.min(MOST, interval.upper ?? MOST),
            complete: ratio?.complete ?? 1,
          },
        ],
  );
  const young = points
    .filter(({ complete }) => complete < 0.9995)
    .map(({ day, complete }) => ({
      from: new Date(day.getTime() - HALF_DAY_MS),
      to: new Date(day.getTime() + HALF_DAY_MS),
      opacity: 0.08 + 0.4 * (1 - complete),
    }));
  const ends = [1, ...limits, ...points.flatMap(({ lower, upper }) => [lower, upper])];
  return draw({
    alt: `Predicted over observed of ${output} by day, ${points.length} days; on the last ${fixed(points.at(-1)?.value, 2)}`,
    height: 220,
    x: timeAxis(points),
    y: {
      label: 'predicted over observed',
      ticks: 5,
      domain: [Math.max(0, Math.min(...ends) - 0.05), Math.min(MOST, Math.max(...ends) + 0.05)],
    },
    marks: [
      Plot.rectX(young, { x1: 'from', x2: 'to', fill: FAINT, fillOpacity: 'opacity' }),
      Plot.ruleY([1], { stroke: FAINT }),
      Plot.ruleY(limits, { stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.ruleX(points, { x: 'day', y1: 'lower', y2: 'upper', stroke: OWN, strokeOpacity: 0.7, strokeWidth: 2 }),
      Plot.dot(points, { x: 'day', y: 'value', fill: OWN, r: 3 }),
    ],
  });
}

/** A figure of an output by day, as it came out and as the scores lead to expect. */
export function expectedPlot(label: string, own: readonly Point[], expected: readonly Point[]): Html {
  return draw({
    alt: `${label} by day, ${own.length} days; on the last ${fixed(own.at(-1)?.value, 3)}, expected ${fixed(expected.at(-1)?.value, 3)}`,
    height: 200,
    x: timeAxis([...own, ...expected]),
    y: { label, ticks: 4 },
    marks: [
      Plot.line(expected, { x: 'day', y: 'value', stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.line(own, { x: 'day', y: 'value', stroke: OWN, strokeWidth: 2 }),
      Plot.dot(own, { x: 'day', y: 'value', fill: OWN, r: 2.5 }),
    ],
  });
}

/** Returns what is drawn of one number of days, those without it left out. */
export function pointsOf(
  days: readonly OutputDay[],
  name: 'auc' | 'expectedAuc' | 'entropy' | 'expectedEntropy',
): Point[] {
  return days.flatMap(({ day, [name]: value }) => (value === null ? [] : [{ day: dateOf(day), value }]));
}

/** Shares of the scores by their logit, of one day, and of what it is compared with. */
export function scoresPlot(output: string, own: Bins, reference: Bins | null): Html {
  const [drawn, other] = [sharesOf(own), reference === null ? [] : sharesOf(reference)];
  const used = [...drawn, ...other].filter(({ share }) => share > 0).map(({ logit }) => logit);
  const domain = [Math.min(...used, 0) - LOGIT_STEP, Math.max(...used, FIRST_LOGIT) + LOGIT_STEP];
  return draw({
    alt: `Shares of the scores of ${output} by their logit${reference === null ? '' : ', beside those at training'}`,
    height: 200,
    x: { label: 'logit of the score', ticks: 4, domain },
    y: { label: 'share of the rows', ticks: 4, tickFormat: percent },
    marks: [
      Plot.line(other, { x: 'logit', y: 'share', curve: 'step', stroke: BEFORE, strokeDasharray: '6 3', clip: true }),
      Plot.line(drawn, { x: 'logit', y: 'share', curve: 'step', stroke: OWN, strokeWidth: 2, clip: true }),
    ],
  });
}

/** Share of missing or of unknown values of a feature by day, beside that at training. */
export function sharePlot(kind: 'missing' | 'unknown', days: readonly FeatureDay[]): Html {
  const points = days.flatMap(({ day, [kind]: value }) => (value === null ? [] : [{ day: dateOf(day), value }]));
  const usual = days.at(-1)?.usual[kind] ?? 0;
  return draw({
    alt: `Share of ${kind} values of ${days[0]?.feature} by day: on the last ${percent(points.at(-1)?.value ?? null)}, at training ${percent(usual)}`,
    height: 180,
    x: timeAxis(points),
    y: {
      label: kind,
      ticks: 4,
      tickFormat: percent,
      domain: [0, Math.max(0.05, usual, ...points.map(({ value }) => value))],
    },
    marks: [
      Plot.ruleY([usual], { stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.line(points, { x: 'day', y: 'value', stroke: OWN, strokeWidth: 2 }),
      Plot.dot(points, { x: 'day', y: 'value', fill: OWN, r: 2.5 }),
    ],
  });
}

function dateOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}

/** The axis of days, with room on both sides. */
function timeAxis(points: readonly Pick<Point, 'day'>[]): Plot.ScaleOptions {
  const times = points.map(({ day }) => day.getTime());
  const domain = [new Date(Math.min(...times) - HALF_DAY_MS), new Date(Math.max(...times) + HALF_DAY_MS)];
  return { type: 'utc', label: 'day of scoring', ticks: 4, ...(times.length > 0 && { domain }) };
}

function sharesOf(bins: Bins): { readonly logit: number; readonly share: number }[] {
  const rows = Math.max(1, totalOf(bins));
  return allBins(bins).map((count, bin) => ({ logit: FIRST_LOGIT + (bin + 0.5) * LOGIT_STEP, share: count / rows }));
}
