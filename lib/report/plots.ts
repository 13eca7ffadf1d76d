/** The report's plots. */
import * as Plot from '@observablehq/plot';
import type { ReliabilityBin } from '../evaluation/reliability.ts';
import { fixed, percent, shortened, signed } from '../numbers/text.ts';
import type { EpochRecord } from '../training/epochs/epoch-record.ts';
import { BEFORE, CHARACTER_PX, diagonal, draw, FAINT, OWN } from './draw.ts';
import type { TaskFacts } from './facts.ts';
import type { Html } from './html.ts';
import type { FeatureImportance } from './importance/importance.ts';

const LONGEST_LABEL = 20;
const MOST_FEATURES = 10;

/** Observed share of positives over mean probability, by bins of equally many rows, each with its 95% interval. */
export function reliabilityPlot({ task, own, champion }: TaskFacts): Html {
  const { reliability, rows, pcoc } = own;
  const before = champion?.reliability ?? [];
  const most = 1.05 * Math.max(...[...reliability, ...before].flatMap((bin) => [bin.meanPrediction, bin.rate]), 1e-9);
  const bars = reliability.map((bin) => ({ x: bin.meanPrediction, ...wilson(bin, reliability, rows) }));
  return draw({
    alt: `Reliability of ${task.output}: predicted over observed is ${fixed(pcoc.value, 3)}; ${reliability.length} bins, predicted ${percent(reliability[0]?.meanPrediction ?? null)} to ${percent(reliability.at(-1)?.meanPrediction ?? null)}, observed ${percent(reliability[0]?.rate ?? null)} to ${percent(reliability.at(-1)?.rate ?? null)}`,
    height: 300,
    x: { label: 'predicted', domain: [0, most], tickFormat: percent, ticks: 4 },
    y: {
      label: 'observed',
      domain: [0, Math.max(most, ...bars.map(({ upper }) => upper))],
      tickFormat: percent,
      ticks: 5,
    },
    marks: [
      Plot.line(diagonal(most), { stroke: FAINT, strokeDasharray: '4 4' }),
      Plot.line(before, { x: 'meanPrediction', y: 'rate', stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.ruleX(bars, { x: 'x', y1: 'lower', y2: 'upper', stroke: OWN, strokeOpacity: 0.7, strokeWidth: 2 }),
      Plot.dot(reliability, { x: 'meanPrediction', y: 'rate', fill: OWN, r: 3.5 }),
    ],
  });
}

/** Share of the positives over share of the negatives above each probability. */
export function rocPlot({ task, own, champion }: TaskFacts): Html {
  const auc = own.auc.value;
  const than = champion === null ? '' : `, of the version before ${fixed(champion.auc.value, 4)}`;
  return draw({
    alt: `ROC curve of ${task.output}: the area under it is ${fixed(auc, 4)}${than}`,
    height: 300,
    x: { label: 'share of the negatives', domain: [0, 1], tickFormat: percent, ticks: 4 },
    y: { label: 'share of the positives', domain: [0, 1], tickFormat: percent, ticks: 5 },
    marks: [
      Plot.line(diagonal(1), { stroke: FAINT, strokeDasharray: '4 4' }),
      Plot.line(champion?.roc ?? [], {
        x: 'falsePositives',
        y: 'truePositives',
        stroke: BEFORE,
        strokeDasharray: '6 3',
      }),
      Plot.line(own.roc, { x: 'falsePositives', y: 'truePositives', stroke: OWN, strokeWidth: 2 }),
    ],
  });
}

/** How many times the mean rate the rows of each tenth have, the greatest probabilities first. */
export function liftPlot({ task, own, champion }: TaskFacts): Html {
  const [first, last] = [own.lift[0]?.lift, own.lift.at(-1)?.lift];
  return draw({
    alt: `Lift of ${task.output}: the first tenth of the rows has ${fixed(first, 2)} times the mean rate, the last ${fixed(last, 2)} times`,
    height: 240,
    x: { label: 'tenth of the rows, by descending probability', tickFormat: String },
    y: { label: 'times the mean rate', ticks: 5 },
    marks: [
      Plot.barY(own.lift, { x: 'tenth', y: 'lift', fill: OWN }),
      // Upon a bar the mark needs an edge to be seen.
      Plot.tickY(champion?.lift ?? [], { x: 'tenth', y: 'lift', stroke: 'var(--paper)', strokeWidth: 7 }),
      Plot.tickY(champion?.lift ?? [], { x: 'tenth', y: 'lift', stroke: BEFORE, strokeWidth: 3 }),
      Plot.ruleY([1], { stroke: FAINT, strokeDasharray: '4 4' }),
      Plot.ruleY([0]),
    ],
  });
}

/** Training and validation loss of a stage by epoch. */
export function lossPlot(stage: string, epochs: readonly EpochRecord[], bestEpoch: number): Html {
  const points = epochs.flatMap(({ epoch, trainLosses, validationLosses }) => [
    { epoch, loss: trainLosses[stage] ?? Number.NaN, part: BEFORE },
    ...(validationLosses === null ? [] : [{ epoch, loss: validationLosses[stage] ?? Number.NaN, part: OWN }]),
  ]);
  const of = (which: string) => points.filter(({ part }) => part === which);
  const best = points.filter(({ epoch, part }) => epoch === bestEpoch && part === OWN);
  const lastEpoch = epochs.at(-1)?.epoch ?? 1;
  return draw({
    alt: `Loss of ${stage} by epoch: training ${ends(points, BEFORE)}, validation ${ends(points, OWN)}; the best epoch is ${bestEpoch} of ${lastEpoch}`,
    height: 240,
    x: { label: 'epoch', ticks: Math.min(lastEpoch, 8), tickFormat: wholeOnly, domain: [1, Math.max(2, lastEpoch)] },
    y: { label: 'log loss', ticks: 5 },
    marks: [
      Plot.line(of(BEFORE), { x: 'epoch', y: 'loss', stroke: BEFORE, strokeDasharray: '6 3' }),
      Plot.line(of(OWN), { x: 'epoch', y: 'loss', stroke: OWN }),
      Plot.dot(points, { x: 'epoch', y: 'loss', fill: (point: { part: string }) => point.part, r: 1.5 }),
      Plot.dot(best, { x: 'epoch', y: 'loss', stroke: OWN, r: 6, strokeWidth: 2 }),
    ],
  });
}

/** AUC that is lost without a feature, with its 95% interval. */
export function importancePlot(output: string, importance: readonly FeatureImportance[]): Html {
  const top = importance.slice(0, MOST_FEATURES);
  const longest = Math.max(...top.map(({ feature }) => shortened(feature, LONGEST_LABEL).length), 1);
  const [first] = importance;
  return draw({
    alt: `Importance of the features for ${output}: ${first === undefined ? 'none' : `${first.feature} is first, without it the AUC changes by ${signed(-first.lost, 4)}`}`,
    height: 70 + 22 * top.length,
    marginLeft: 14 + CHARACTER_PX * longest,
    x: { label: 'AUC lost', ticks: 4 },
    y: {
      label: null,
      domain: top.map(({ feature }) => feature),
      tickFormat: (name: string) => shortened(name, LONGEST_LABEL),
    },
    marks: [
      Plot.barX(top, { x: 'lost', y: 'feature', fill: OWN }),
      Plot.ruleY(top, { x1: 'lower', x2: 'upper', y: 'feature', stroke: 'currentColor', strokeWidth: 1.5 }),
      Plot.ruleX([0]),
    ],
  });
}

/** Interval of a bin's rate (Wilson, 1927). A row of a sampled log counts as one row, whatever it stands for. */
function wilson(bin: ReliabilityBin, all: readonly ReliabilityBin[], rows: number): { lower: number; upper: number } {
  const z2 = 1.96 ** 2;
  const n = (rows * bin.weight) / all.reduce((sum, { weight }) => sum + weight, 0);
  const centre = (bin.rate + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Math.sqrt(z2) / (1 + z2 / n)) * Math.sqrt((bin.rate * (1 - bin.rate)) / n + z2 / (4 * n * n));
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

function ends(points: readonly { readonly loss: number; readonly part: string }[], part: string): string {
  const of = points.filter((point) => point.part === part);
  return of.length === 0 ? 'none' : `${of[0]?.loss.toPrecision(4)} to ${of.at(-1)?.loss.toPrecision(4)}`;
}

function wholeOnly(value: number): string {
  return Number.isInteger(value) ? String(value) : '';
}
