/** How far models are from the truth of a generated log, as text for people. */
import { TRUTH_FIGURES } from '../../lib/compare/truth/figures.ts';
import type { TruthOfModel, TruthResult } from '../../lib/compare/truth/truth-file.ts';
import { KIND_WORDS, truthNote } from '../../lib/compare/truth/words.ts';
import { alignColumns } from '../../lib/evaluation/metrics-table.ts';
import { count, fixed, signed } from '../../lib/numbers/text.ts';

/** Returns a table for each truth, in the order of the models' names, and what else should be known. */
export function formatTruthResult(truth: TruthResult, names: readonly string[], against: string): readonly string[] {
  return [
    ...truth.kinds.flatMap(({ kind, column }) => [
      `pcvr against ${column}, ${KIND_WORDS[kind]}: over ${count(truth.rows.clicked)} clicked, ${count(truth.rows.unclicked)} unclicked and all test rows`,
      ...alignColumns([HEADER, ...names.map((name) => cells(truth, kind, name)), truthCells(truth, kind)]),
      `differences in ${TRUTH_FIGURES.log_odds_rmse.title} from ${against}, less is better; bias is mean pcvr over mean truth`,
      '',
    ]),
    `note: ${truthNote(truth)}`,
  ];
}

const HEADER = [
  'model',
  'log-odds RMSE: clicked',
  'unclicked',
  'all',
  'bias: clicked',
  'unclicked',
  'all',
  'relative error: all',
  'AUC: all',
  'difference: unclicked (95%)',
];

function cells({ models }: TruthResult, kind: TruthOfModel['kind'], name: string): string[] {
  const of = (rows: TruthOfModel['rows']) =>
    models.find((one) => one.name === name && one.kind === kind && one.rows === rows);
  const [clicked, unclicked, all] = [of('clicked'), of('unclicked'), of('all')];
  const { value = null, lower = null, upper = null } = unclicked?.differences?.log_odds_rmse.overUsers ?? {};
  return [
    name,
    ...[clicked, unclicked, all].map((one) => fixed(one?.mean.log_odds_rmse, 3)),
    ...[clicked, unclicked, all].map((one) => fixed(one?.mean.bias, 3)),
    fixed(all?.mean.mean_relative_error, 3),
    fixed(all?.mean.auc, 4),
    value === null ? '-' : `${signed(value, 3)} (${signed(lower, 3)} to ${signed(upper, 3)})`,
  ];
}

/** What the truth itself has. */
function truthCells({ bounds }: TruthResult, kind: TruthOfModel['kind']): string[] {
  const auc = bounds.find((one) => one.kind === kind && one.rows === 'all')?.auc;
  return [
    'the truth',
    ...Array<string>(3).fill('0.000'),
    ...Array<string>(3).fill('1.000'),
    '0.000',
    fixed(auc, 4),
    '-',
  ];
}
