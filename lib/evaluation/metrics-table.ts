import { count, percent } from '../numbers/text.ts';
import type { FunnelMetrics, FunnelTaskMetrics } from './funnel.ts';
import type { Metric } from './metric.ts';
import { METRICS, TERMINAL_METRICS } from './metrics.ts';

/**
 * Returns a table for a terminal, with one line for each task and no newline at the end. An undefined metric is `-`,
 * with the reason in a footnote. GAUC is shown only where the rows have groups.
 */
export function formatMetricsTable({ tasks, ctcvrAucSharedCtr }: FunnelMetrics): string {
  const footnotes = new Footnotes();
  const columns = COLUMNS.filter(({ title }) => title !== 'GAUC' || tasks.some(({ gauc }) => gauc.groups > 0));
  const cells = tasks.map((metrics) => [
    metrics.task.title,
    ...columns.map(({ cell }) => {
      const content = cell(metrics);
      return typeof content === 'string' ? content : footnotes.show(content);
    }),
  ]);
  return [
    ...alignColumns([['', ...columns.map(({ title }) => title)], ...cells]),
    ...footnotes.lines,
    ...tasks.flatMap(reachedLine),
    ...tasks.flatMap(droppedGroupsLine),
    ...(ctcvrAucSharedCtr.value === null
      ? []
      : [`CTCVR AUC with the shared CTR network ${ctcvrAucSharedCtr.value.toFixed(4)}`]),
  ].join('\n');
}

interface Cell {
  readonly metric: Metric;
  readonly format: (value: number) => string;
}

interface Column {
  readonly title: string;
  readonly cell: (metrics: FunnelTaskMetrics) => string | Cell;
}

const COLUMNS: readonly Column[] = [
  { title: 'rows', cell: ({ rows }) => count(rows) },
  { title: 'positives', cell: ({ positives }) => count(positives) },
  ...TERMINAL_METRICS.map((name): Column => {
    const { title, format } = METRICS[name];
    return { title, cell: (metrics) => ({ metric: metrics[name], format }) };
  }),
  { title: 'GAUC', cell: ({ gauc }) => ({ metric: gauc.auc, format: METRICS.auc.format }) },
];

/** The footnotes of a table: the distinct reasons why metrics are undefined, numbered from 1. */
class Footnotes {
  readonly #reasons: string[] = [];

  show({ metric, format }: Cell): string {
    if (metric.value !== null) return format(metric.value);
    if (!this.#reasons.includes(metric.reason)) this.#reasons.push(metric.reason);
    return `- [${this.#reasons.indexOf(metric.reason) + 1}]`;
  }

  get lines(): string[] {
    return this.#reasons.map((reason, index) => `[${index + 1}] ${reason}`);
  }
}

function reachedLine({ task, meanPredictionReached, meanPredictionNotReached }: FunnelTaskMetrics): string[] {
  if (meanPredictionReached === null || meanPredictionNotReached === null) return [];
  const show = ({ value }: Metric) => (value === null ? '-' : value.toPrecision(4));
  const [reached, notReached] = [show(meanPredictionReached), show(meanPredictionNotReached)];
  return [`mean ${task.output} ${reached} on rows that reached ${task.given}, ${notReached} on the others`];
}

function droppedGroupsLine({ task, gauc }: FunnelTaskMetrics): string[] {
  if (gauc.droppedGroups === 0 || gauc.droppedShare.value === null) return [];
  const [dropped, groups] = [count(gauc.droppedGroups), count(gauc.groups)];
  return [
    `${task.title} GAUC leaves out ${dropped} of ${groups} groups, which have one class (${percent(gauc.droppedShare.value)} of the rows)`,
  ];
}

/** Pads the first column on the right and the others on the left. */
export function alignColumns(rows: readonly (readonly string[])[], texts = 1): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < texts ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
