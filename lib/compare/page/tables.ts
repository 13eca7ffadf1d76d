/** The tables of a comparison. */
import { count, fixed, interval, percent, precise, signed } from '../../numbers/text.ts';
import { table } from '../../report/document.ts';
import { type Html, html } from '../../report/html.ts';
import type { ComparedModel, Comparison } from '../result/comparison-file.ts';
import { FIGURE_NAMES, FIGURES, type Figure } from '../result/figures.ts';
import { meanOf, otherTasks } from '../result/model-result.ts';

const CLAIM_LOOKS: Readonly<Record<ComparedModel['claim'], string>> = {
  reference: 'quiet',
  better: 'good',
  worse: 'bad',
  'not shown to differ': '',
  failed: 'bad',
};

/** The ranking figures of every model, and whether it is shown to differ from the reference. */
export function rankingTable(models: readonly ComparedModel[]): Html {
  return table(
    'models',
    ['model', ...FIGURE_NAMES.map((figure) => FIGURES[figure].title), 'seeds', 'text:claim'],
    models.map(
      ({ name, mean: means, deviation, seeds, claim }) =>
        html`<tr><th scope="row">${name}</th>${FIGURE_NAMES.map(
          (figure) => html`<td>${fixed(means[figure], 4)}${plusMinus(deviation[figure] ?? null)}</td>`,
        )}<td>${seeds.length}</td><td class="text ${CLAIM_LOOKS[claim]}">${claim}</td></tr>`,
    ),
  );
}

/** The AUC of the other stages of the funnel; `null` where there are none. */
export function otherStagesTable(models: readonly ComparedModel[]): Html | null {
  const tasks = otherTasks(models);
  if (tasks.length === 0) return null;
  return html`<h3>Other stages of the funnel: AUC</h3>
<p class="quiet">Of a post-click action, p_..._entire ranks all rows by click and action (CTAVR). Models without the action have none.</p>
${table(
  'other stages',
  ['model', ...tasks],
  models.map(
    (model) =>
      html`<tr><th scope="row">${model.name}</th>${tasks.map(
        (task) =>
          html`<td>${fixed(
            meanOf(model, task, ({ auc }) => auc),
            4,
          )}</td>`,
      )}</tr>`,
  ),
)}`;
}

function plusMinus(deviation: number | null): Html | null {
  return deviation === null ? null : html`<br><small>± ${fixed(deviation, 4)}</small>`;
}

/** The differences of every model from the reference, with both intervals. */
export function differencesTable(models: readonly ComparedModel[], figure: Figure, units: string): Html {
  const show = (value: number) => signed(value, 4);
  return table(
    `differences in ${FIGURES[figure].title}`,
    ['model', 'mean over seeds', '95% over seeds', 'averaged scores', `95% over ${units}`],
    models.flatMap(({ name, differences }) => {
      const found = differences?.[figure];
      if (found === undefined) return [];
      const { overSeeds, overUsers } = found;
      return html`<tr><th scope="row">${name}</th><td>${signed(overSeeds.value, 4)}</td><td>${interval(overSeeds, show) || '-'}</td>
<td>${signed(overUsers.value, 4)}</td><td>${interval(overUsers, show) || '-'}</td></tr>`;
    }),
  );
}

/** How right and how useful the probabilities of a task are: means over seeds. */
export function levelsTable(models: readonly ComparedModel[], task: string): Html {
  const columns = ['log loss', 'NE', 'PCOC', 'calibration error', 'GAUC', 'accuracy'];
  const shares = models.find(({ seeds }) => seeds.length > 0)?.seeds[0]?.tasks[task]?.top_k ?? [];
  const tops = shares.map(({ share }) => `top ${percent(share)}: precision, recall, F1`);
  return table(
    task,
    ['model', ...columns, ...tops],
    models.map((model) => {
      const of = (value: (own: Task) => number | null) => meanOf(model, task, value);
      return html`<tr><th scope="row">${model.name}</th><td>${precise(of(({ log_loss }) => log_loss))}</td>
<td>${fixed(
        of(({ normalized_entropy }) => normalized_entropy),
        4,
      )}</td><td>${fixed(
        of(({ pcoc }) => pcoc),
        3,
      )}</td>
<td>${fixed(
        of(({ calibration_error }) => calibration_error),
        3,
      )}</td><td>${fixed(
        of(({ gauc }) => gauc),
        4,
      )}</td>
<td>${fixed(
        of(({ accuracy }) => accuracy),
        4,
      )}</td>${shares.map((_, index) => {
        const top = (key: 'precision' | 'recall' | 'f1') =>
          fixed(
            of(({ top_k }) => top_k[index]?.[key] ?? null),
            4,
          );
        return html`<td>${top('precision')}, ${top('recall')}, ${top('f1')}</td>`;
      })}</tr>`;
    }),
  );
}

type Task = ComparedModel['seeds'][number]['tasks'][string];

/** The settings of every model, and what was tried. */
export function settingsTable(models: readonly ComparedModel[]): Html {
  return table(
    'settings',
    ['model', 'text:settings', 'trials', 'text:tried, with the figure on the validation rows'],
    models.map(({ name, settings, trials }) => {
      const tried = trials.map(
        (trial) => `${settingsText(trial.settings)}: ${trial.failure ?? fixed(trial.validation, 4)}`,
      );
      return html`<tr><th scope="row">${name}</th><td class="text">${settingsText(settings)}</td><td>${trials.length}</td>
<td class="text">${tried.join('; ') || '-'}</td></tr>`;
    }),
  );
}

function settingsText(settings: ComparedModel['settings']): string {
  const changed = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return changed.join(', ') || 'as declared';
}

/** A figure by model and share of the training rows. */
export function sharesTable(shares: Comparison['shares'], figure: Figure): Html {
  const all = [...new Set(shares.map(({ share }) => share))];
  const names = [...new Set(shares.map(({ name }) => name))];
  return table(
    `${FIGURES[figure].title} by share of the training rows`,
    ['model', ...all.map(percent)],
    names.map((name) => {
      const cells = all.map((share) => shares.find((point) => point.name === name && point.share === share));
      return html`<tr><th scope="row">${name}</th>${cells.map((point) => html`<td>${fixed(point?.mean[figure], 4)}</td>`)}</tr>`;
    }),
  );
}

/** The bins of a reliability curve by model. */
export function reliabilityTable(models: readonly ComparedModel[], task: string): Html {
  return table(
    `reliability of ${task}`,
    ['model', 'bin', 'weight', 'predicted', 'observed', 'PCOC'],
    models.flatMap(({ name, averaged }) =>
      (averaged?.tasks[task]?.reliability ?? []).map(
        ({ weight, mean_prediction, rate, pcoc }, bin) =>
          html`<tr><th scope="row">${name}</th><td>${bin + 1}</td><td>${count(weight)}</td><td>${percent(mean_prediction)}</td><td>${percent(rate)}</td><td>${fixed(pcoc, 3)}</td></tr>`,
      ),
    ),
  );
}
