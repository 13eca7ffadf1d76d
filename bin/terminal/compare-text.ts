/** A comparison of models, as text for people. */

import { PROTOCOL_TEXTS } from '../../lib/compare/protocol.ts';
import type { ComparedModel, Comparison } from '../../lib/compare/result/comparison-file.ts';
import type { FIGURES } from '../../lib/compare/result/figures.ts';
import { meanOf, otherTasks } from '../../lib/compare/result/model-result.ts';
import { differenceText } from '../../lib/compare/result/verdict.ts';
import type { MemoryWait } from '../../lib/compare/runs/open-bench.ts';
import type { Outcome, Wanted } from '../../lib/compare/runs/run-all.ts';
import { alignColumns } from '../../lib/evaluation/metrics-table.ts';
import { byteText, count, countOf, duration, fixed, percent, precise, secondsText } from '../../lib/numbers/text.ts';
import { formatTruthResult } from '../compare/truth-text.ts';

/** Returns the name of a run: its model, its seed and what else tells it from others. */
export function runName({ competitor, run }: Wanted): string {
  const settings = Object.entries(run.settings).map(([name, value]) => `${name.split('.').at(-1)} ${value}`);
  const share = run.share === 1 ? [] : [`${percent(run.share)} of the training rows`];
  return `${competitor.name} ${[`seed ${run.seed}`, ...settings, ...share].join(', ')}`;
}

/** Returns the line that tells that runs wait for memory. */
export function waitLine({ needed, left, total }: MemoryWait): string {
  return `note: not as many runs are under way at once as there are threads: the next one needs ${byteText(needed)} of memory, and ${byteText(left)} of ${byteText(total)} are left`;
}

/** Returns the line of a run, and the time left where runs are left. */
export function runLine(
  { failure, seconds, ...wanted }: Outcome,
  done: number,
  total: number,
  secondsLeft: number | null,
): string {
  const ended = failure === null ? [secondsText(seconds ?? 0)] : [`failed: ${failure}`];
  const left = done < total && secondsLeft !== null ? [`about ${duration(secondsLeft)} left`] : [];
  return `run ${count(done)}/${count(total)}: ${[runName(wanted), ...ended, ...left].join(', ')}`;
}

/** Returns the verdict, the models as a table, the best first, and what else should be known. */
export function formatComparison(comparison: Omit<Comparison, 'formatVersion'>): string {
  const { verdict, models, options, rows, clicks, conversions, protocol, notes, shares, units, truth } = comparison;
  const { by, against, seeds } = options;
  const header = [
    'model',
    'CVR AUC',
    'CTCVR shared',
    'CTCVR own',
    'CTR AUC',
    `difference in ${SHORT[by]} (95%)`,
    'claim',
  ];
  return [
    `${verdict}`,
    '',
    ...alignColumns([header, ...models.map((model) => modelCells(model, by))]),
    '',
    ...levelsTable(models),
    ...otherStagesTable(models),
    ...(truth === undefined
      ? []
      : [
          '',
          ...formatTruthResult(
            truth,
            models.map(({ name }) => name),
            against,
          ),
        ]),
    ...(shares.length === 0 ? [] : ['', ...sharesTable(comparison)]),
    '',
    `means over ${countOf(seeds.length, 'seed')}; differences from ${against} of the scores averaged over seeds, with intervals over ${count(units.count)} ${units.kind}${units.note}`,
    `${PROTOCOL_TEXTS[protocol]}: ${count(rows.train)}, ${count(rows.validation)} and ${count(rows.test)} rows; test rows with ${count(clicks.test)} clicks and ${count(conversions.test)} conversions`,
    ...models.flatMap(settingsLine),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

const SHORT = {
  cvr_auc: 'CVR AUC',
  ctcvr_auc_shared_ctr: 'CTCVR shared',
  ctcvr_auc_own: 'CTCVR own',
  ctr_auc: 'CTR AUC',
} as const satisfies Readonly<Record<keyof typeof FIGURES, string>>;

const CLAIMS: Readonly<Record<ComparedModel['claim'], string>> = {
  reference: 'reference',
  better: 'better',
  worse: 'worse',
  'not shown to differ': '-',
  failed: 'failed',
};

function modelCells(model: ComparedModel, by: Comparison['options']['by']): string[] {
  const { mean } = model;
  return [
    model.name,
    fixed(mean.cvr_auc, 4),
    fixed(mean.ctcvr_auc_shared_ctr, 4),
    fixed(mean.ctcvr_auc_own, 4),
    fixed(mean.ctr_auc, 4),
    model.differences === null ? '-' : differenceText(model, by),
    model.failures.length > 0 && model.claim !== 'failed'
      ? `${CLAIMS[model.claim]}, ${model.seeds.length} seeds`
      : CLAIMS[model.claim],
  ];
}

/** How right and how useful pctcvr is, and how right pcvr is on clicked rows: means over the seeds. */
function levelsTable(models: readonly ComparedModel[]): string[] {
  const last = models.flatMap(({ seeds }) => seeds[0]?.tasks.ctcvr?.top_k ?? []).at(-1)?.share ?? null;
  const header = ['CTCVR', 'log loss', 'NE', 'PCOC', 'calibration error', 'GAUC', `recall of top ${percent(last)}`];
  const rows = models.map((model) => {
    const of = (value: (task: SeedTask) => number | null) => meanOf(model, 'ctcvr', value);
    return [
      model.name,
      precise(of(({ log_loss }) => log_loss)),
      fixed(
        of(({ normalized_entropy }) => normalized_entropy),
        4,
      ),
      fixed(
        of(({ pcoc }) => pcoc),
        3,
      ),
      fixed(
        of(({ calibration_error }) => calibration_error),
        3,
      ),
      fixed(
        of(({ gauc }) => gauc),
        4,
      ),
      fixed(
        of(({ top_k }) => top_k.at(-1)?.recall ?? null),
        4,
      ),
      fixed(
        meanOf(model, 'cvr', ({ pcoc }) => pcoc),
        3,
      ),
    ];
  });
  return alignColumns([[...header, 'CVR PCOC'], ...rows]);
}

/** How well models rank the other stages, such as CTAVR of a post-click action; nothing on a funnel without any. */
function otherStagesTable(models: readonly ComparedModel[]): string[] {
  const tasks = otherTasks(models);
  if (tasks.length === 0) return [];
  const cells = (model: ComparedModel) =>
    tasks.map((task) =>
      fixed(
        meanOf(model, task, ({ auc }) => auc),
        4,
      ),
    );
  return ['', ...alignColumns([['AUC', ...tasks], ...models.map((model) => [model.name, ...cells(model)])])];
}

type SeedTask = ComparedModel['seeds'][number]['tasks'][string];

/** The figure by share of the training rows. */
function sharesTable({ shares, models, options: { by } }: Omit<Comparison, 'formatVersion'>): string[] {
  const all = [...new Set(shares.map(({ share }) => share))];
  const header = [`${SHORT[by]} by share of the training rows`, ...all.map((share) => percent(share))];
  const rowOf = ({ name }: ComparedModel) => [
    name,
    ...all.map((share) => fixed(shares.find((point) => point.name === name && point.share === share)?.mean[by], 4)),
  ];
  return alignColumns([header, ...models.map(rowOf)]);
}

function settingsLine({ name, settings, trials }: ComparedModel): string[] {
  const changed = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  return changed.length === 0
    ? []
    : [`${name} with ${changed.join(', ')}, the best of ${countOf(trials.length, 'trial')} on the validation rows`];
}
