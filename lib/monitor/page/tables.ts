/** The tables of the monitoring page: every number that is drawn. */
import { allBins, type Bins, FIRST_LOGIT, LOGIT_STEP } from '../../numbers/logit-bins.ts';
import { count, duration, fixed, interval, percent, signed } from '../../numbers/text.ts';
import { table } from '../../report/document.ts';
import { type Html, html } from '../../report/html.ts';
import { CHECKS } from '../checks/check.ts';
import type { DayRecord } from '../history.ts';
import type { Judged } from '../judge.ts';
import type { FeatureDay, LabelAges, OnlineRequests, OutputDay, SegmentExcess, VersionPair } from '../numbers.ts';

/** Segments of a table. */
const MOST_SEGMENTS = 24;

/** Predicted, observed, ranking and loss of an output by day. */
export function outputTable(output: string, days: readonly OutputDay[]): Html {
  const columns = ['predicted', 'observed', 'labels', 'PCOC', 'AUC', 'AUC expected', 'NE', 'NE expected'];
  return table(
    `${output} by day`,
    ['day', 'text:version', ...columns],
    days.toReversed().map(({ day, version, ratio, pcoc, interval: bounds, ...curves }) => {
      const cells = [
        ratio === null ? '-' : count(ratio.predicted),
        ratio === null ? '-' : count(ratio.observed),
        percent(ratio?.complete ?? null),
        html`${fixed(pcoc, 3)} <small>${bounds === null ? '' : interval(bounds, (value) => fixed(value, 2))}</small>`,
        fixed(curves.auc, 4),
        fixed(curves.expectedAuc, 4),
        fixed(curves.entropy, 4),
        fixed(curves.expectedEntropy, 4),
      ];
      return html`<tr><th scope="row">${day}</th><td class="text">${version}</td>${cells.map(cell)}</tr>`;
    }),
  );
}

/** Shares of the events that have come by the age of their rows. */
export function ageTable(stages: readonly LabelAges[]): Html {
  return table(
    'labels by age',
    ['stage', 'age of the row', 'labels that have come', 'text:learned from'],
    stages.flatMap(({ stage, from, positives, ages }) =>
      ages.map(({ seconds, share }) => {
        const source = `${count(positives)} events${from === 'times' ? ' by their times' : ', as runs saw them come'}`;
        return html`<tr><th scope="row">${stage}</th>${[duration(seconds), percent(share)].map(cell)}<td class="text">${source}</td></tr>`;
      }),
    ),
  );
}

/** Rows by the logit of their score. */
export function histogramTable(title: string, own: Bins, reference: Bins | null): Html {
  const other = reference === null ? null : allBins(reference);
  const rows = allBins(own)
    .map((rowCount, bin) => ({ logit: FIRST_LOGIT + bin * LOGIT_STEP, rowCount, before: other?.[bin] ?? 0 }))
    .filter(({ rowCount, before }) => rowCount + before > 0);
  return table(
    `scores of ${title}`,
    ['logit from', 'rows', 'at training'],
    rows.map(
      ({ logit, rowCount, before }) =>
        html`<tr><th scope="row">${fixed(logit, 2)}</th>${[count(rowCount), other === null ? '-' : count(before)].map(cell)}</tr>`,
    ),
  );
}

/** Shares of missing and unknown values by feature and day. */
export function featureTable(days: readonly FeatureDay[]): Html {
  const ordered = days.toSorted((a, b) => a.feature.localeCompare(b.feature) || b.day.localeCompare(a.day));
  return table(
    'features by day',
    ['feature', 'day', 'missing', 'missing at training', 'unknown', 'unknown at training'],
    ordered.map(({ feature, day, missing, unknown, usual }) => {
      const cells = [
        day,
        percent(missing),
        percent(usual.missing),
        percent(unknown),
        unknown === null ? '-' : percent(usual.unknown),
      ];
      return html`<tr><th scope="row">${feature}</th>${cells.map(cell)}</tr>`;
    }),
  );
}

/** Segments by their excess. */
export function segmentTable(all: readonly SegmentExcess[]): Html {
  const hasMoney = all.some(({ money }) => money !== null);
  return table(
    'segments',
    ['segment', 'rows', 'predicted', 'observed', 'predicted minus observed', ...(hasMoney ? ['in money'] : [])],
    all
      .slice(0, MOST_SEGMENTS)
      .map(({ column, value, rows, predicted, positives, excess, interval: bounds, money }) => {
        const cells = [
          count(rows),
          count(predicted),
          count(positives),
          html`${signed(excess, 0)} <small>${interval(bounds, (edge) => signed(edge, 0))}</small>`,
          ...(hasMoney ? [signed(money, 0)] : []),
        ];
        return html`<tr><th scope="row">${column}: ${value ?? 'missing'}</th>${cells.map(cell)}</tr>`;
      }),
  );
}

/** Versions on the same rows. */
export function pairTable(pairs: readonly VersionPair[]): Html {
  return table(
    'versions',
    ['output', 'text:version', 'text:the one before', 'rows', 'difference of log loss'],
    pairs.map(({ output, version, before, rows, difference, interval: bounds }) => {
      const look = bounds.lower > 0 ? 'good' : bounds.upper < 0 ? 'bad' : '';
      return html`<tr><th scope="row">${output}</th><td class="text">${version}</td><td class="text">${before}</td><td>${count(rows)}</td><td class="${look}">${signed(difference, 6)} <small>${interval(bounds, (edge) => signed(edge, 6))}</small></td></tr>`;
    }),
  );
}

/** What was scored by day and version. */
export function dayTable(days: readonly DayRecord[], usdPerSecond: number | null): Html {
  const columns = ['files', 'scored', 'rejected', 'repeated', 'with outcome', 'without score', 'USD'];
  const rows = days.toReversed().flatMap(({ day, outcomes, versions }) => {
    const unscored = outcomes === null ? '-' : `${count(outcomes.unscored)} of ${count(outcomes.rows)}`;
    const row = (version: string, cells: readonly string[]) =>
      html`<tr><th scope="row">${day}</th><td class="text">${version}</td>${cells.map(cell)}</tr>`;
    if (Object.keys(versions).length === 0) return [row('none', ['0', '0', '0', '-', '-', unscored, '-'])];
    return Object.entries(versions).map(([version, { files, scored, rejected, counts, seconds }]) =>
      row(version, [
        count(files),
        count(scored),
        count(rejected),
        counts === null ? '-' : count(counts.rows - counts.keys),
        counts === null ? '-' : percent(counts.matched / Math.max(1, counts.keys)),
        unscored,
        usdPerSecond === null ? '-' : fixed(seconds * usdPerSecond, 4),
      ]),
    );
  });
  return table('days', ['day', 'text:version', ...columns], rows);
}

/** Online requests by day and version, with the mean of each output. */
export function onlineTable(requests: readonly OnlineRequests[], outputs: readonly string[]): Html {
  return table(
    'online requests',
    ['day', 'text:version', 'requests', 'rows', 'rejected', 'counted', ...outputs.map((output) => `mean ${output}`)],
    requests.toReversed().map(({ day, version, requests: number, rowsIn, rejected, counted, outputs: sums }) => {
      const means = outputs.map((output) => {
        const { rows = 0, sum = 0 } = sums[output] ?? {};
        return rows === 0 ? '-' : percent(sum / rows);
      });
      const cells = [...[number, rowsIn, rejected, counted.rows].map((value) => count(value)), ...means];
      return html`<tr><th scope="row">${day}</th><td class="text">${version}</td>${cells.map(cell)}</tr>`;
    }),
  );
}

/** Findings. */
export function judgedTable(found: readonly Judged[]): Html {
  return table(
    'limits crossed',
    ['day', 'text:level', 'text:what', 'text:found'],
    found.map(
      ({ day, level, check, text }) =>
        html`<tr><th scope="row">${day}</th><td class="text ${level === 'act' ? 'bad' : 'before'}">${level}</td><td class="text">${CHECKS[check]}</td><td class="text">${text}</td></tr>`,
    ),
  );
}

function cell(content: string | Html): Html {
  return html`<td>${content}</td>`;
}
