/** The tables of a sweep, in Markdown. */
import type { Comparison } from '../../lib/compare/result/comparison-file.ts';
import type { RowSet, TruthFigure } from '../../lib/compare/truth/figures.ts';
import type { TruthOfModel } from '../../lib/compare/truth/truth-file.ts';
import { count, fixed, signed } from '../../lib/numbers/text.ts';

/** A log of the sweep, and what a comparison found on it. */
export interface SweptCell {
  readonly biases: { readonly clickRate: number; readonly observedBias: number; readonly hiddenBias: number };
  readonly found: Comparison;
}

/** What was found of a model against a truth over a set of rows. */
export function ofModel(
  { found }: SweptCell,
  name: string,
  rows: RowSet,
  kind: TruthOfModel['kind'] = 'pcvr',
): TruthOfModel {
  const all = found.truth?.models ?? [];
  const model = all.find((one) => one.name === name && one.rows === rows && one.kind === kind);
  // Where both truths are equal there is one.
  return model ?? (all.find((one) => one.name === name && one.rows === rows) as TruthOfModel);
}

/** By click rate and observed bias: errors over all rows, and by how much the others differ from the first model. */
export function gridTable(cells: readonly SweptCell[], models: readonly string[]): string {
  const [reference, ...others] = models;
  const head = [
    'click rate',
    'observed bias',
    'conversions that train',
    ...models.map((name) => `${name}: RMSE, bias`),
    ...others.map((name) => `${name} - ${reference}: RMSE (95%)`),
    ...others.map((name) => `${name} - ${reference}: CVR AUC on clicked rows (95%)`),
  ];
  return markdown(
    head,
    cells.map((cell) => {
      const { clickRate, observedBias } = cell.biases;
      return [
        String(clickRate),
        String(observedBias),
        count(cell.found.conversions.train),
        ...models.map((name) => {
          const { mean } = ofModel(cell, name, 'all');
          return `${fixed(mean.log_odds_rmse, 3)}, ${fixed(mean.bias, 2)}`;
        }),
        ...others.map((name) => differenceText(ofModel(cell, name, 'all'), 'log_odds_rmse')),
        ...others.map((name) => {
          const interval = cell.found.models.find((one) => one.name === name)?.differences?.cvr_auc?.overUsers;
          return intervalText(interval, 4);
        }),
      ];
    }),
  );
}

/** By hidden bias and model: how far from both truths, over all rows, and the AUC on clicked rows. */
export function hiddenTable(cells: readonly SweptCell[], models: readonly string[]): string {
  const head = [
    'hidden bias',
    'model',
    'RMSE, bias against true_pcvr',
    'RMSE, bias against true_pcvr_do',
    'difference in RMSE against true_pcvr_do (95%)',
    'CVR AUC on clicked rows',
    'CTR AUC',
  ];
  return markdown(
    head,
    cells.flatMap((cell) =>
      models.map((name) => {
        const [own, forced] = (['pcvr', 'pcvr_do'] as const).map((kind) => ofModel(cell, name, 'all', kind));
        const text = (of: TruthOfModel | undefined) =>
          `${fixed(of?.mean.log_odds_rmse, 3)}, ${fixed(of?.mean.bias, 2)}`;
        const model = cell.found.models.find((one) => one.name === name);
        return [
          String(cell.biases.hiddenBias),
          name,
          text(own),
          text(forced),
          forced ? differenceText(forced, 'log_odds_rmse') : '-',
          fixed(model?.mean.cvr_auc, 4),
          fixed(model?.mean.ctr_auc, 4),
        ];
      }),
    ),
  );
}

function differenceText({ differences }: TruthOfModel, figure: TruthFigure): string {
  return intervalText(differences?.[figure]?.overUsers, 3);
}

function intervalText(
  interval: { readonly value: number | null; readonly lower: number | null; readonly upper: number | null } | undefined,
  decimals: number,
): string {
  if (interval === undefined) return '-';
  const { value, lower, upper } = interval;
  return `${signed(value, decimals)} (${signed(lower, decimals)} to ${signed(upper, decimals)})`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}
