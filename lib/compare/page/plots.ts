/** The plots of a comparison. */
import * as Plot from '@observablehq/plot';
import type { TaskMetricsJson } from '../../evaluation/metrics-json.ts';
import { fixed, percent, signed } from '../../numbers/text.ts';
import { BEFORE, CHARACTER_PX, diagonal, draw, FAINT, OWN } from '../../report/draw.ts';
import type { Html } from '../../report/html.ts';
import type { ComparedModel, Comparison } from '../result/comparison-file.ts';
import { FIGURES, type Figure } from '../result/figures.ts';

/** Differences from the reference in a figure, with their intervals over users. */
export function differencePlot(models: readonly ComparedModel[], figure: Figure, against: string): Html {
  const points = models.flatMap(({ name, differences }) => {
    const { value = null, lower = null, upper = null } = differences?.[figure]?.overUsers ?? {};
    return value === null || lower === null || upper === null ? [] : [{ name, value, lower, upper }];
  });
  const longest = Math.max(...points.map(({ name }) => name.length), 1);
  const [first] = points;
  return draw({
    alt: `Differences from ${against} in the ${FIGURES[figure].words}: ${first === undefined ? 'none' : `${first.name} is first with ${signed(first.value, 4)}`}`,
    height: 76 + 22 * points.length,
    marginLeft: 14 + CHARACTER_PX * longest,
    x: { label: `difference from ${against}`, ticks: 3, tickFormat: shortSigned },
    y: { label: null, domain: points.map(({ name }) => name) },
    marks: [
      Plot.ruleX([0], { stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.ruleY(points, { x1: 'lower', x2: 'upper', y: 'name', stroke: OWN, strokeWidth: 2 }),
      Plot.dot(points, { x: 'value', y: 'name', fill: OWN, r: 4 }),
    ],
  });
}

/** A figure by share of the training rows, of a model and of the reference: figure 3 of arXiv 1804.07931. */
export function sharePlot(shares: Comparison['shares'], name: string, { figure, against }: SharePlotOptions): Html {
  const of = (model: string) =>
    shares.flatMap(({ name: other, share, mean }) => {
      const auc = mean[figure];
      return other !== model || auc === null ? [] : [{ share, auc }];
    });
  const [own, reference] = [of(name), of(against)];
  const aucs = shares.flatMap(({ mean }) => mean[figure] ?? []);
  return draw({
    alt: `${FIGURES[figure].words} of ${name} by share of the training rows: ${own.map(({ share, auc }) => `${percent(share)} ${fixed(auc, 4)}`).join(', ') || 'none'}`,
    height: 240,
    x: { label: 'share of the training rows', type: 'log', tickFormat: percent, ticks: own.map(({ share }) => share) },
    y: { label: FIGURES[figure].title, ticks: 5, domain: aucs.length === 0 ? [0, 1] : extent(aucs) },
    marks: [
      Plot.line(reference, { x: 'share', y: 'auc', stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.line(own, { x: 'share', y: 'auc', stroke: OWN, strokeWidth: 2 }),
      Plot.dot(own, { x: 'share', y: 'auc', fill: OWN, r: 3.5 }),
    ],
  });
}

interface SharePlotOptions {
  readonly figure: Figure;
  readonly against: string;
}

/** Observed share of positives over mean probability, by bins of equally many rows, of a model and of the reference. */
export function reliabilityPlot(name: string, own: TaskMetricsJson, reference: TaskMetricsJson | null): Html {
  const [bins, before] = [own.reliability, reference?.reliability ?? []];
  const most = 1.05 * Math.max(...[...bins, ...before].flatMap((bin) => [bin.mean_prediction, bin.rate]), 1e-9);
  return draw({
    alt: `Reliability of ${own.output} of ${name}: predicted over observed is ${fixed(own.pcoc, 3)}; ${bins.length} bins, predicted ${percent(bins[0]?.mean_prediction ?? null)} to ${percent(bins.at(-1)?.mean_prediction ?? null)}`,
    height: 260,
    x: { label: 'predicted', domain: [0, most], tickFormat: percent, ticks: 4 },
    y: { label: 'observed', domain: [0, most], tickFormat: percent, ticks: 5 },
    marks: [
      Plot.line(diagonal(most), { stroke: FAINT, strokeDasharray: '4 4' }),
      Plot.line(before, { x: 'mean_prediction', y: 'rate', stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.dot(bins, { x: 'mean_prediction', y: 'rate', fill: OWN, r: 3.5 }),
    ],
  });
}

/** A difference in as few digits as it has; the axis has no room for more. */
function shortSigned(value: number): string {
  return value === 0 ? '0' : signed(value, 4).replace(/0+$/, '');
}

function extent(values: readonly number[]): [least: number, most: number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = 0.05 * Math.max(most - least, 1e-3);
  return [least - margin, most + margin];
}
