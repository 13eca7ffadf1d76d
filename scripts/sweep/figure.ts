/** The figure of a sweep: by how much the others' error over the entire space exceeds ESMM's, by observed bias. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { percent } from '../../lib/numbers/text.ts';
import { ofModel, type SweptCell } from './tables.ts';

const COLOURS = ['#1b6ca8', '#c25b12', '#5c7f22'];

/** Returns an SVG: for each other model a part, with a line for each click rate. */
export function sweepFigure(cells: readonly SweptCell[], models: readonly string[]): string {
  const points = models.flatMap((model) =>
    cells.flatMap((cell) => {
      const {
        value = null,
        lower = null,
        upper = null,
      } = ofModel(cell, model, 'all').differences?.log_odds_rmse?.overUsers ?? {};
      if (value === null || lower === null || upper === null) return [];
      const clicks = `${percent(cell.biases.clickRate)} clicked`;
      return [{ model: `${model} - esmm`, clicks, bias: cell.biases.observedBias, value, lower, upper }];
    }),
  );
  const labelled = furthestApart(points.filter(({ model }) => model === points[0]?.model));
  const { document } = parseHTML('<!doctype html><html lang="en"><body></body></html>');
  const drawn: { readonly outerHTML: string } = Plot.plot({
    document,
    width: 120 + 320 * models.length,
    height: 320,
    marginLeft: 60,
    marginRight: 24,
    marginBottom: 44,
    style: { background: 'white', color: '#222', fontSize: '12px' },
    color: { domain: [...new Set(points.map(({ clicks }) => clicks))], range: COLOURS },
    fx: { label: null, padding: 0.12 },
    x: { label: 'observed bias', ticks: [...new Set(points.map(({ bias }) => bias))], tickFormat: String },
    y: { label: 'excess log-odds RMSE over all rows', labelAnchor: 'center', grid: true },
    marks: [
      Plot.ruleY([0], { stroke: '#222' }),
      Plot.ruleX(points, { fx: 'model', x: 'bias', y1: 'lower', y2: 'upper', stroke: 'clicks' }),
      Plot.line(points, { fx: 'model', x: 'bias', y: 'value', stroke: 'clicks', strokeWidth: 2 }),
      Plot.dot(points, { fx: 'model', x: 'bias', y: 'value', fill: 'clicks', r: 3 }),
      Plot.text(
        points.filter(({ bias, model }) => bias === labelled && model === points[0]?.model),
        { fx: 'model', x: 'bias', y: 'value', text: 'clicks', textAnchor: 'start', dx: 8, dy: 12, fill: 'clicks' },
      ),
    ],
  });
  return `${drawn.outerHTML.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')}\n`;
}

/** The bias at which the nearest two lines are furthest apart, so that their labels do not meet. */
function furthestApart(points: readonly { readonly bias: number; readonly value: number }[]): number | undefined {
  const gapAt = (bias: number) => {
    const values = points.flatMap((point) => (point.bias === bias ? [point.value] : [])).sort((a, b) => a - b);
    return Math.min(...values.slice(1).map((value, index) => value - (values[index] as number)));
  };
  return [...new Set(points.map(({ bias }) => bias))].sort((a, b) => gapAt(b) - gapAt(a))[0];
}
