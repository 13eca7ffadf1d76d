/**
 * Chooses what is calibrated: the logits of the edges, the products (the probabilities of reaching a stage), or nothing;
 * and of which stages. The candidates are compared by the loss of rows that their calibrators were not fitted on; those
 * of the chosen one are then fitted on all rows.
 */
import type { CalibrationTarget, Calibrator } from '../../model/calibrators.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import { type CalibrationMethod, fitCalibrators } from './calibration-method.ts';
import type { FittedCalibrators } from './calibration-rows.ts';
import { EDGES } from './edges.ts';
import { differenceText, gainOf, type Mean, meanOf } from './gain.ts';
import { type GroupedRows, type HeldOutResult, testHeldOut } from './held-out.ts';
import { PRODUCT } from './product.ts';

/** What is calibrated, why, and with which calibrators. */
export interface ChosenCalibration extends FittedCalibrators {
  readonly of: CalibrationTarget | 'none';
  /** Why, in words. */
  readonly why: string;
  /** Why a tower, or a labelled stage, is left as it is though it has enough rows, by its name. */
  readonly left: Readonly<Record<string, string>>;
  /** Mean loss of held-out rows by what is calibrated (`HeldOutResult`); `null` where nothing was compared. */
  readonly losses: Readonly<Partial<Record<CalibrationTarget, number>>> | null;
}

/** The kind of the calibrators, and what was declared to be calibrated. */
export interface CalibrationWish {
  readonly kind: Calibrator['kind'];
  readonly of: CalibrationTarget | 'auto';
}

const METHODS: Readonly<Record<CalibrationTarget, CalibrationMethod>> = { edges: EDGES, product: PRODUCT };

/**
 * Fits the declared calibration, or the better one. By `auto`, a stage is calibrated where that does better than leaving
 * it as it is, and the product is taken if it does better than the edges by more than a standard error.
 */
export function chooseCalibration(
  graph: StageGraph,
  rows: GroupedRows,
  { kind, of }: CalibrationWish,
): ChosenCalibration {
  if (of === 'auto') return better(graph, rows, kind);
  const fitted = fitCalibrators(METHODS[of], graph, rows, kind);
  const isEmpty = Object.keys(fitted.calibrators).length === 0;
  return {
    ...fitted,
    of: isEmpty ? 'none' : of,
    why: isEmpty ? 'nothing can be fitted' : 'declared',
    left: {},
    losses: null,
  };
}

function better(graph: StageGraph, rows: GroupedRows, kind: Calibrator['kind']): ChosenCalibration {
  const [first, second] = [EDGES, PRODUCT]
    .filter((method) => method.whyNot(graph, rows) === null)
    .map((method) => ({ method, ...testHeldOut(method, graph, rows, kind) }));
  if (first === undefined) {
    const { uncalibrated } = fitCalibrators(EDGES, graph, rows, kind);
    return { of: 'none', why: 'nothing can be fitted', left: {}, losses: null, calibrators: {}, uncalibrated };
  }
  const gain = second && gainOf(first.losses, second.losses, rows.weight);
  const isSecond = gain !== undefined && gain.mean > gain.standardError;
  const chosen = second !== undefined && isSecond ? second : first;
  const tested = second === undefined ? [first] : [first, second];
  const losses = Object.fromEntries(tested.map((one) => [one.method.of, meanOf(one.losses, rows.weight).mean]));
  const why = gain === undefined ? `the ${first.method.of} alone can be calibrated` : comparisonText(gain, isSecond);
  const fitted = fitKept(graph, rows, kind, chosen);
  if (chosen.kept.length > 0) return { ...fitted, of: chosen.method.of, why, losses };
  return { ...fitted, of: 'none', why: 'no stage does better on held-out rows than as it is', losses };
}

/** Says how the product does beside the edges. */
function comparisonText(gain: Mean, isBetter: boolean): string {
  if (gain.mean === 0) return 'on held-out rows edges and product have the same loss';
  const within = gain.mean > 0 && !isBetter ? ', which may be chance' : '';
  return `on held-out rows the loss of the product is ${differenceText(gain)} than that of the edges${within}`;
}

/** Fits the stages that are kept on all rows, and says why the others are not. */
function fitKept(
  graph: StageGraph,
  rows: GroupedRows,
  kind: Calibrator['kind'],
  { method, kept, left }: HeldOutResult & { readonly method: CalibrationMethod },
): FittedCalibrators & Pick<ChosenCalibration, 'left'> {
  const { calibrators, uncalibrated } = fitCalibrators(method, graph, rows, kind, kept);
  // A stage that cannot be fitted does no better either; its own reason is the better one.
  const lacking = Object.keys(left).map((stage) => fitCalibrators(method, graph, rows, kind, [stage]).uncalibrated);
  const reasons = Object.assign({}, uncalibrated, ...lacking) as Record<string, string>;
  const named = Object.entries(left).flatMap(([stage, why]) => method.names(graph, stage).map((name) => [name, why]));
  const fittable = named.filter(([name]) => reasons[name as string] === undefined);
  return { calibrators, uncalibrated: reasons, left: Object.fromEntries(fittable) };
}
