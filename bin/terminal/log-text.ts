/** A log and rows, as text for people. */

import { alignColumns } from '../../lib/evaluation/metrics-table.ts';
import { count, countOf, fixedPercent, minute } from '../../lib/numbers/text.ts';
import type { RejectCount } from '../../lib/table/check/acceptable.ts';
import { unknownShare } from '../../lib/table/encode/value-counts.ts';
import { PARTS } from '../../lib/table/encoded.ts';
import { type DayCounts, groupDays } from '../../lib/table/fit/inspect/days.ts';
import type { TimeRange } from '../../lib/table/fit/parts.ts';
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import { suspicionText } from '../../lib/table/fit/suspicious.ts';
import type { TextRows } from '../../lib/table/source/read-rows.ts';
import type { InspectedLog } from '../training/inspect-log.ts';
import type { MeasuredVersion } from '../training/measure-version.ts';
import { formatTraining } from '../training/training-text.ts';

/**
 * The summary of a log, its days, the values of each feature, bad rows by reason, what training takes, notes, and
 * columns that leak a label.
 */
export function formatLogReport({ summary, rejects, distinct, heldOut, ...report }: InspectedLog): string {
  const width = Math.max(...Object.keys(distinct).map((name) => name.length));
  const lines = Object.entries(distinct).map(([name, values]) => {
    const missing = summary.parts.train.rows === 0 ? 0 : (summary.missing[name] ?? 0) / summary.parts.train.rows;
    const told = [
      ...(missing === 0 ? [] : [`${fixedPercent(missing, 2)} missing`]),
      ...(['validation', 'test'] as const).flatMap((part) => {
        const share = unknownShare(heldOut[part][name] ?? { values: 0, unknown: null });
        return share === 0 ? [] : [`${fixedPercent(share, 2)} unknown in ${part}`];
      }),
    ];
    return [`  ${name.padEnd(width)}  ${count(values).padStart(9)} values`, ...told].join(', ');
  });
  return [
    ...summaryLines(summary),
    ...Object.entries(report.maturity).map(
      ([stage, share]) => `  ${stage} is final (within) in ${fixedPercent(share, 2)} of the rows`,
    ),
    ...dayLines(report.days),
    ...lines,
    ...formatRejects(rejects),
    ...(report.training === null ? [] : formatTraining(report.training)),
    ...toldLines(summary),
  ].join('\n');
}

/** A table of days, or of as many together as it needs; nothing for a log of a single day. */
function dayLines(days: readonly DayCounts[]): string[] {
  const periods = groupDays(days);
  if (periods.length < 2) return [];
  const stages = Object.keys(periods[0]?.labels ?? {});
  const length = periods[0]?.days ?? 1;
  const header = [
    `  ${length === 1 ? 'day' : `${length} days from`}`,
    'rows',
    ...stages.flatMap((stage) => [stage, 'rate']),
  ];
  const cells = periods.map(({ from, rows, labels }) => [
    `  ${from}`,
    count(rows),
    ...stages.flatMap((stage) => {
      const { known = 0, positives = 0 } = labels[stage] ?? {};
      return [count(positives), known === 0 ? '-' : fixedPercent(positives / known, 2)];
    }),
  ]);
  return alignColumns([header, ...cells]);
}

/** Rows, times and label rates of each part, the split, notes, and columns that leak a label, a line each. */
export function formatLogSummary(summary: LogSummary): string {
  return [...summaryLines(summary), ...toldLines(summary)].join('\n');
}

/** Which rows of a log were measured, and what should be known of them, a line each. */
export function formatMeasured({ part, rows, allRows, notes }: Omit<MeasuredVersion, 'metrics'>): string {
  const whole =
    part === 'all' ? `all ${countOf(allRows, 'row')}` : `part ${part}: ${count(rows)} of ${countOf(allRows, 'row')}`;
  const hint = part === 'all' ? '' : ' (--part all measures all of them)';
  return [`${whole}${hint}`, ...notes.map((note) => `note: ${note}`)].join('\n');
}

function summaryLines({ source, rows, rejected, time, split, parts }: LogSummary): string[] {
  const lines = PARTS.filter((part) => parts[part].rows > 0).map((part) => {
    const labels = Object.entries(parts[part].labels).map(([stage, { positives, negatives, unknown }]) => {
      const known = positives + negatives;
      return `${stage} ${count(positives)}${known === 0 ? '' : ` (${fixedPercent(positives / known, 2)})`}${unknown === 0 ? '' : `, ${count(unknown)} too young to tell`}`;
    });
    const told = `${labels.join('; ')}${rangeText(parts[part].time)}`;
    return `  ${part.padEnd(10)} ${count(parts[part].rows).padStart(11)} rows: ${told}`;
  });
  return [`${source}: ${countOf(rows, 'row')}, ${count(rejected)} rejected${rangeText(time)}`, `  ${split}`, ...lines];
}

function toldLines({ notes, suspicious }: LogSummary): string[] {
  return [
    ...notes.map((note) => `note: ${note}`),
    ...suspicious.map((column) => `warning: ${suspicionText(column)}: is it known only afterwards?`),
  ];
}

/** `, 2026-05-01 00:00 to 2026-05-21 19:50 UTC`; nothing where no row has a time. */
function rangeText(range: TimeRange | null): string {
  if (range === null) return '';
  return `, ${minute(new Date(range.first)).replace(' UTC', '')} to ${minute(new Date(range.last))}`;
}

function formatRejects(rejects: readonly RejectCount[]): string[] {
  return rejects.map(({ reason, column, rows, examples }) => {
    const where = column === null ? '' : ` in ${column}`;
    return `  rejected: ${countOf(rows, 'row')}, ${reason}${where}, first in row ${examples[0]?.row ?? '?'} (from 0)`;
  });
}

/** Rows as an aligned table; long numbers are cut to five significant digits. */
export function formatRows({ columns, rows }: TextRows): string {
  const cells = [columns, ...rows.map((row) => row.map((value) => shortNumber(value ?? '-')))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) => row.map((cell, i) => cell.padStart(widths[i] as number)).join('  ')).join('\n');
}

function shortNumber(text: string): string {
  return /^\d*\.\d{6,}|e-/.test(text) && Number.isFinite(Number(text)) ? Number(text).toPrecision(5) : text;
}
