/** The report's tables. */
import { METRICS, type MetricName, REPORT_METRICS } from '../evaluation/metrics.ts';
import type { TaskMetrics } from '../evaluation/task.ts';
import type { OutputComparison, OutputMetrics } from '../gate/comparison/compare.ts';
import type { FeatureDrift } from '../gate/feature-drift.ts';
import type { Guard } from '../gate/guards/guard.ts';
import { count, fixed, interval, metric, percent, precise, shortened, signed } from '../numbers/text.ts';
import { PARTS } from '../table/encoded.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { EpochRecord } from '../training/epochs/epoch-record.ts';
import { table } from './document.ts';
import type { ReportFacts, SegmentTask, TaskFacts } from './facts.ts';
import { type Html, html } from './html.ts';
import { LEAST_POSITIVES } from './importance/importance.ts';

const LONGEST_VALUE = 60;

/**
 * Each output of this version, of the one before, and the difference: the gate's, with its intervals, where it gave
 * any.
 */
export function metricsTable({ tasks, decision }: ReportFacts): Html {
  const comparisons = new Map((decision?.figures.outputs ?? []).map((output) => [output.task, output]));
  return table(
    'metrics',
    ['output', ...REPORT_METRICS.map((name) => METRICS[name].title), 'rows', 'positives'],
    tasks.flatMap((facts) => metricsRows(facts, comparisons.get(facts.task.name) ?? null)),
  );
}

function metricsRows({ task, own, champion }: TaskFacts, comparison: OutputComparison | null): Html[] {
  const { rows, positives } = own;
  const cells = (look: string, metrics: TaskMetrics, compared: OutputMetrics | null | undefined) =>
    REPORT_METRICS.map((name, place) => {
      const { value } = metrics[name];
      const content = html`${value === null ? '-' : METRICS[name].format(value)}${intervalOf(compared, name)}`;
      return place === 0 ? html`<td class="${look}">${content}</td>` : html`<td>${content}</td>`;
    });
  const first = html`<tr><th scope="row">${task.title}</th>${cells('own', own, comparison?.challenger)}
<td>${count(rows)}</td><td>${count(positives)}</td></tr>`;
  if (champion === null) return [first];
  return [
    first,
    html`<tr class="quiet"><th scope="row">version before</th>${cells('before', champion, comparison?.champion)}
<td></td><td></td></tr>`,
    html`<tr class="quiet"><th scope="row">difference</th>
${REPORT_METRICS.map((name) => html`<td>${differenceOf(comparison, name)}</td>`)}<td></td><td></td></tr>`,
  ];
}

/** The gate's interval of a metric, where it gives one. */
function intervalOf(model: OutputMetrics | null | undefined, name: MetricName): Html | null {
  if (model == null || !(name === 'auc' || name === 'pcoc' || name === 'normalizedEntropy')) return null;
  return model[name].value === null ? null : bracketed(interval(model[name], (value) => fixed(value, 3)));
}

const DIFFERENCE_DECIMALS = { auc: 4, pcoc: 3, logLoss: 5 } as const;

/** The gate's difference of a metric between both versions; nothing for a metric that it does not compare. */
function differenceOf(comparison: OutputComparison | null, name: MetricName): Html | null {
  if (!(name === 'auc' || name === 'pcoc' || name === 'logLoss')) return null;
  const difference = comparison?.difference ?? null;
  if (difference === null) return html`-`;
  const show = (value: number | null) => signed(value, DIFFERENCE_DECIMALS[name]);
  return html`${show(difference[name].value)}${bracketed(interval(difference[name], show))}`;
}

/** Returns the table of the guards, those that do not hold first. */
export function checksTable(guards: readonly Guard[]): Html {
  const ordered = guards.toSorted((a, b) => Number(a.holds) - Number(b.holds));
  return table(
    'checks',
    ['holds', 'text:what'],
    ordered.map(
      ({ holds, sentence }) =>
        html`<tr><th scope="row" class="${holds ? 'good' : 'bad'}">${holds ? 'yes' : 'no'}</th><td class="text">${sentence}</td></tr>`,
    ),
  );
}

/** Each task before and after calibration. */
export function calibrationTable(tasks: readonly TaskFacts[]): Html {
  return table(
    'calibration',
    [
      'output',
      'PCOC before',
      'after',
      'AUC before',
      'after',
      'log loss before',
      'after',
      'calibration error before',
      'after',
    ],
    tasks.flatMap(({ task, own: metrics, uncalibrated }) =>
      uncalibrated === null
        ? []
        : html`<tr><th scope="row">${task.title}</th><td>${metric(uncalibrated.pcoc, 3)}</td><td>${metric(metrics.pcoc, 3)}</td>
<td>${metric(uncalibrated.auc, 4)}</td><td>${metric(metrics.auc, 4)}</td>
<td>${precise(uncalibrated.logLoss.value)}</td><td>${precise(metrics.logLoss.value)}</td>
<td>${metric(uncalibrated.calibrationError, 3)}</td><td>${metric(metrics.calibrationError, 3)}</td></tr>`,
    ),
  );
}

/** The bins of a reliability curve. */
export function reliabilityTable({ task, own }: TaskFacts): Html {
  return html`<h3>${task.title}</h3>${table(
    `reliability of ${task.title}`,
    ['bin', 'weight', 'predicted', 'observed', 'PCOC'],
    own.reliability.map(
      ({ weight, meanPrediction, rate, pcoc }, bin) =>
        html`<tr><th scope="row">${bin + 1}</th><td>${count(weight)}</td><td>${percent(meanPrediction)}</td><td>${percent(rate)}</td><td>${fixed(pcoc, 3)}</td></tr>`,
    ),
  )}`;
}

/** Lift of every task by tenth. */
export function liftTable(tasks: readonly TaskFacts[]): Html {
  const tenths = Array.from({ length: 10 }, (_, index) => index);
  return table(
    'lift',
    ['tenth', ...tasks.map(({ task }) => `${task.title} rate, lift`)],
    tenths.map(
      (tenth) =>
        html`<tr><th scope="row">${tenth + 1}</th>${tasks.map(
          ({ own }) => html`<td>${percent(own.lift[tenth]?.rate ?? null)}, ${fixed(own.lift[tenth]?.lift, 2)}</td>`,
        )}</tr>`,
    ),
  );
}

/** Losses by epoch and stage, and the AUC of each output on the validation rows. */
export function lossTable(epochs: readonly EpochRecord[]): Html {
  const stages = Object.keys(epochs[0]?.trainLosses ?? {});
  const outputs = Object.keys(epochs[0]?.validationOutputs ?? {});
  return table(
    'losses',
    [
      'epoch',
      ...stages.flatMap((stage) => [`${stage}: training`, 'validation']),
      ...outputs.map((output) => `AUC of ${output}`),
    ],
    epochs.map(
      ({ epoch, trainLosses, validationLosses, validationOutputs }) =>
        html`<tr><th scope="row">${epoch}</th>${stages.map(
          (stage) => html`<td>${precise(trainLosses[stage])}</td><td>${precise(validationLosses?.[stage])}</td>`,
        )}${outputs.map((output) => html`<td>${fixed(validationOutputs?.[output]?.auc, 4)}</td>`)}</tr>`,
    ),
  );
}

/** AUC of each task by the values of a column. */
export function segmentTable({ column, rows }: ReportFacts['segments'][number], tasks: readonly TaskFacts[]): Html {
  return table(
    `AUC by ${column}`,
    [column, 'rows', ...tasks.flatMap(({ task }) => [`${task.title} positives`, 'AUC'])],
    rows.map(({ value, rows: size, tasks: byTask }) => {
      const name = segmentName(value);
      return html`<tr><th scope="row">${name}</th><td>${count(size)}</td>${tasks.map(({ task }) =>
        segmentCells(byTask[task.name] as SegmentTask),
      )}</tr>`;
    }),
  );
}

function segmentName(value: string | null | undefined): Html {
  if (value === undefined) return html`<small>all other values</small>`;
  return value === null ? html`<small>missing</small>` : html`${shortened(value, LONGEST_VALUE)}`;
}

function segmentCells({ positives, auc, championAuc }: SegmentTask): Html {
  if (auc === null || positives < LEAST_POSITIVES)
    return html`<td>${count(positives)}</td><td><small>too few</small></td>`;
  const change = championAuc === null ? null : html` <small>${signed(auc - championAuc, 3)}</small>`;
  return html`<td>${count(positives)}</td><td>${fixed(auc, 3)}${change}</td>`;
}

/** Importance of every measured feature for every task. */
export function importanceTable(tasks: readonly TaskFacts[]): Html {
  const features = (tasks.findLast(({ importance }) => importance.length > 0)?.importance ?? []).map(
    ({ feature }) => feature,
  );
  const byTask = tasks.map(({ importance }) => new Map(importance.map((entry) => [entry.feature, entry])));
  const show = (value: number) => signed(value, 4);
  return table(
    'importance of the features',
    ['feature', ...tasks.map(({ task }) => `${task.title}: AUC lost`)],
    features.map(
      (feature) =>
        html`<tr><th scope="row">${feature}</th>${byTask.map((of) => {
          const found = of.get(feature);
          const range = found && bracketed(`${show(found.lower)} to ${show(found.upper)}`);
          return html`<td>${signed(found?.lost ?? null, 4)}${range ?? null}</td>`;
        })}</tr>`,
    ),
  );
}

/** Rows and labels of each part of the log. */
export function dataTable({ parts }: LogSummary): Html {
  const stages = Object.keys(parts.train.labels);
  return table(
    'rows and labels',
    ['part', 'rows', 'text:time', ...stages.flatMap((stage) => [stage, 'rate', 'not settled'])],
    PARTS.map((part) => {
      const { rows, time, labels } = parts[part];
      const day = (instant: number) => new Date(instant).toISOString().slice(0, 10);
      const range = time === null ? '-' : `${day(time.first)} to ${day(time.last)}`;
      return html`<tr><th scope="row">${part}</th><td>${count(rows)}</td><td class="text">${range}</td>${stages.map(
        (stage) => {
          const { positives = 0, unknown = 0, weightedRows = 0, weightedPositives = 0 } = labels[stage] ?? {};
          return html`<td>${count(positives)}</td><td>${percent(weightedRows === 0 ? null : weightedPositives / weightedRows)}</td><td>${count(unknown)}</td>`;
        },
      )}</tr>`;
    }),
  );
}

/** Returns the table of missing values in training and unknown values in the held-out rows, by feature. */
export function valuesTable({ summary, unknownShares }: ReportFacts): Html {
  const { missing, dropped, parts } = summary;
  return table(
    'missing and unknown values',
    ['feature', 'missing in training', 'dropped from bags', 'unknown in the held-out rows'],
    Object.entries(missing).map(
      ([feature, rows]) =>
        html`<tr><th scope="row">${feature}</th><td>${percent(rows / Math.max(1, parts.train.rows))}</td>
<td>${Object.hasOwn(dropped, feature) ? count(dropped[feature] as number) : ''}</td><td>${percent(Object.hasOwn(unknownShares, feature) ? (unknownShares[feature] as number) : null)}</td></tr>`,
    ),
  );
}

/** How far each feature moved, and what of it most. */
export function driftTable(features: readonly FeatureDrift[]): Html {
  return table(
    'drift of the features',
    ['feature', 'index', 'text:reading', 'text:what moved most'],
    features.map(({ feature, index, told, moved }) => {
      const what =
        moved === null ? '' : `${shortened(moved.what, LONGEST_VALUE)}: ${percent(moved.from)} to ${percent(moved.to)}`;
      return html`<tr><th scope="row">${feature}</th><td>${fixed(index, 3)}</td><td class="text">${driftWord(index, told)}</td><td class="text">${what}</td></tr>`;
    }),
  );
}

function driftWord(index: number | null, told: number): Html {
  if (index === null) return html`new, or of another type`;
  if (index > 0.25) return html`<b class="bad">another distribution</b>`;
  if (index > 0.1) return html`<b>moved</b>`;
  return told < 0.5 ? html`too many values to tell` : html`steady`;
}

function bracketed(text: string): Html | null {
  return text === '' ? null : html`<br><small>[${text}]</small>`;
}
