/**
 * Chooses what is calibrated: the logits of the edges, the products (the probabilities of reaching a stage), or nothing.
 * The candidates are compared by the loss of rows that their calibrators were not fitted on; those of the chosen one are
 * then fitted on all rows.
 */
import type { CalibrationTarget, Calibrator } from '../../model/calibrators.ts';
import type { StageGraph } from '../../model/stage-graph.ts';
import type { FittedCalibrators } from './calibration-rows.ts';
import { fitEdges } from './fit-edges.ts';
import { fitProduct } from './fit-product.ts';
import { type Candidate, type GroupedRows, heldOutLosses } from './held-out-loss.ts';

/** What is calibrated, why, and with which calibrators. */
export interface ChosenCalibration extends FittedCalibrators {
  readonly of: Candidate;
  /** Why, in words. */
  readonly why: string;
  /** Mean loss of held-out rows, by candidate (`heldOutLosses`); `null` where nothing was compared. */
  readonly losses: Readonly<Partial<Record<Candidate, number>>> | null;
}

/** The kind of the calibrators, and what was declared to be calibrated. */
export interface CalibrationWish {
  readonly kind: Calibrator['kind'];
  readonly of: CalibrationTarget | 'auto';
}

type Fitted = FittedCalibrators & { readonly of: CalibrationTarget };

const FITS = { edges: fitEdges, product: fitProduct } as const;

/**
 * Fits the declared calibration, or the better one: the product must do better than the edges by more than a standard
 * error of the difference, and what is chosen must do better than the model as it is.
 */
export function chooseCalibration(graph: StageGraph, rows: GroupedRows, wish: CalibrationWish): ChosenCalibration {
  const targets: readonly CalibrationTarget[] = wish.of === 'auto' ? ['edges', 'product'] : [wish.of];
  const fits = targets.map((of) => ({ of, ...FITS[of](graph, rows, wish.kind) }));
  const possible = fits.filter(({ calibrators }) => Object.keys(calibrators).length > 0);
  const [first] = possible;
  if (first === undefined) {
    const uncalibrated = fits[0]?.uncalibrated ?? {};
    return { of: 'none', why: 'nothing can be fitted', losses: null, calibrators: {}, uncalibrated };
  }
  if (wish.of !== 'auto') return { ...first, why: 'declared', losses: null };
  return better(possible as [Fitted, Fitted?], rows.weight, (of) => heldOutLosses(graph, rows, of, wish.kind));
}

/** Compares what can be calibrated, the simpler first, and then the better of it with the model as it is. */
function better(
  [first, second]: readonly [Fitted, Fitted?],
  weight: Float32Array | null,
  lossesOf: (candidate: Candidate) => Float64Array,
): ChosenCalibration {
  const own = lossesOf('none');
  const [ofFirst, ofSecond] = [lossesOf(first.of), second && lossesOf(second.of)];
  const losses = {
    none: meanOf(own, weight).mean,
    [first.of]: meanOf(ofFirst, weight).mean,
    ...(second && ofSecond && { [second.of]: meanOf(ofSecond, weight).mean }),
  };
  const gain = ofSecond && gainOf(ofFirst, ofSecond, weight);
  const isSecond = gain !== undefined && gain.mean > gain.standardError;
  const [chosen, ofChosen] = isSecond && second && ofSecond ? [second, ofSecond] : [first, ofFirst];
  const overOwn = gainOf(own, ofChosen, weight);
  if (!(overOwn.mean > 0)) {
    const why = `on held-out rows the calibrated ${chosen.of} has a loss ${differenceText(overOwn)} than the model's own`;
    return { of: 'none', why, losses, calibrators: {}, uncalibrated: {} };
  }
  const why =
    gain === undefined
      ? `the ${first.of} alone can be calibrated`
      : `on held-out rows the calibrated ${second?.of} has a loss ${differenceText(gain)} than the calibrated ${first.of}`;
  return { ...chosen, why, losses };
}

/** A weighted mean, and its standard error over rows. */
interface Mean {
  readonly mean: number;
  readonly standardError: number;
}

function differenceText({ mean, standardError }: Mean): string {
  const size = `${Math.abs(mean).toExponential(1)} (standard error ${standardError.toExponential(1)})`;
  return `${size} ${mean > 0 ? 'lower' : 'higher'}`;
}

/** Returns by how much the losses fall from one candidate to another, row by row. */
function gainOf(from: Float64Array, to: Float64Array, weight: Float32Array | null): Mean {
  return meanOf(
    from.map((loss, row) => loss - (to[row] as number)),
    weight,
  );
}

function meanOf(values: Float64Array, weight: Float32Array | null): Mean {
  const weightOf = (row: number) => (weight === null ? 1 : (weight[row] as number));
  const total = values.reduce((sum, _, row) => sum + weightOf(row), 0);
  const mean = values.reduce((sum, value, row) => sum + weightOf(row) * value, 0) / total;
  const squares = values.reduce((sum, value, row) => sum + (weightOf(row) * (value - mean)) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares) / total };
}
