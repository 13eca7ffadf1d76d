/** How far models are from the truth of a generated log, as tables. */
import { count, fixed, interval, percent, signed } from '../../numbers/text.ts';
import { folded, table } from '../../report/document.ts';
import { type Html, html } from '../../report/html.ts';
import type { Comparison } from '../result/comparison-file.ts';
import { ROW_SETS, type RowSet, TRUTH_FIGURE_NAMES, TRUTH_FIGURES, type TruthFigure } from '../truth/figures.ts';
import type { TruthOfModel, TruthResult } from '../truth/truth-file.ts';
import { KIND_WORDS, truthNote } from '../truth/words.ts';

const DECIMALS: Readonly<Record<TruthFigure, number>> = {
  mean_absolute_error: 5,
  mean_relative_error: 3,
  log_odds_rmse: 3,
  bias: 3,
  auc: 4,
};

/** The section of the page; nothing where no truth is declared. */
export function truthSection({ truth, models, options: { against }, units }: Omit<Comparison, 'formatVersion'>): Html {
  if (truth === undefined) return html``;
  const names = models.map(({ name }) => name);
  return html`
<section>
<h2>How far from the truth</h2>
<p class="quiet">The log is generated, and every row has what is true of it: pcvr can be measured on rows that were not clicked,
too. Means over the seeds, and their standard deviations. Bias: mean pcvr over mean truth, 1 is right. AUC: what is to be
expected, if each row converted by its truth. In words: ${truthNote(truth)}.</p>
${truth.kinds.map(
  ({ kind, column }) => html`<h3>${column} <small>${KIND_WORDS[kind]}</small></h3>
${ROW_SETS.map((rows) => figuresTable(truth, names, { kind, rows }))}
${folded(`Differences from ${against}`, ...ROW_SETS.map((rows) => differencesTable(truth, names, { kind, rows }, units.kind)))}`,
)}
</section>`;
}

interface Part {
  readonly kind: TruthOfModel['kind'];
  readonly rows: RowSet;
}

function figuresTable(truth: TruthResult, names: readonly string[], part: Part): Html {
  const bound = truth.bounds.find((one) => one.kind === part.kind && one.rows === part.rows);
  return html`<p>${count(truth.rows[part.rows])} ${part.rows === 'all' ? 'test' : part.rows} rows, of which ${percent(bound?.mean ?? null)} convert by the truth</p>
${table(
  `${part.kind} over ${part.rows} rows`,
  ['model', ...TRUTH_FIGURE_NAMES.map((figure) => TRUTH_FIGURES[figure].title)],
  [
    ...of(truth, names, part).map(
      ({ name, mean, deviation }) =>
        html`<tr><th scope="row">${name}</th>${TRUTH_FIGURE_NAMES.map(
          (figure) =>
            html`<td>${fixed(mean[figure], DECIMALS[figure])}${deviation[figure] === null ? null : html`<br><small>± ${fixed(deviation[figure], DECIMALS[figure])}</small>`}</td>`,
        )}</tr>`,
    ),
    html`<tr><th scope="row">the truth</th>${TRUTH_FIGURE_NAMES.map((figure) => html`<td>${figure === 'auc' ? fixed(bound?.auc, DECIMALS.auc) : figure === 'bias' ? '1' : '0'}</td>`)}</tr>`,
  ],
)}`;
}

function differencesTable(truth: TruthResult, names: readonly string[], part: Part, units: string): Html {
  return html`<h4>${part.rows} rows</h4>${table(
    `differences over ${part.rows} rows`,
    ['model', 'text:figure', 'mean over seeds', '95% over seeds', 'averaged scores', `95% over ${units}`],
    of(truth, names, part).flatMap(({ name, differences }) =>
      TRUTH_FIGURE_NAMES.flatMap((figure) => {
        const found = differences?.[figure];
        if (found === undefined) return [];
        const { overSeeds, overUsers } = found;
        const show = (value: number) => signed(value, DECIMALS[figure]);
        return html`<tr><th scope="row">${name}</th><td class="text">${TRUTH_FIGURES[figure].title}</td>
<td>${signed(overSeeds.value, DECIMALS[figure])}</td><td>${interval(overSeeds, show) || '-'}</td>
<td>${signed(overUsers.value, DECIMALS[figure])}</td><td>${interval(overUsers, show) || '-'}</td></tr>`;
      }),
    ),
  )}`;
}

function of({ models }: TruthResult, names: readonly string[], { kind, rows }: Part): readonly TruthOfModel[] {
  return names.flatMap(
    (name) => models.find((one) => one.name === name && one.kind === kind && one.rows === rows) ?? [],
  );
}
