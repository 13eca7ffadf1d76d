/**
 * Fits one calibrator for the probability of reaching each labelled stage from the root, such as pctcvr, in the order of
 * the stages. The probabilities given an earlier stage follow from them: pcvr = pctcvr / pctr.
 */
import { whyNoProduct } from '../../model/calibrated-reach.ts';
import type { Calibrator } from '../../model/calibrators.ts';
import { labelledBefore, type StageGraph } from '../../model/stage-graph.ts';
import { type CalibrationRows, calibrated, type FittedCalibrators, knownRows, shortageOf } from './calibration-rows.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt } from './platt.ts';

/**
 * Fits the calibrators of all labelled stages, each by the label of its stage over all rows where that is known. A stage
 * is not calibrated where it has fewer than ten rows of one of the two outcomes. None is where the network gives no
 * logits of reaching the stages, or where two stages exclude each other (`whyNoProduct`).
 */
export function fitProduct(
  graph: StageGraph,
  { reach, labels, weight }: Omit<CalibrationRows, 'edges'>,
  kind: Calibrator['kind'],
): FittedCalibrators {
  const calibrators: Record<string, Calibrator> = {};
  const uncalibrated: Record<string, string> = {};
  const excluded = whyNoProduct(graph);
  for (const { name } of graph.labelled) {
    const [logit, label] = [reach[name], labels[name] as Int8Array];
    const lack = logit === undefined ? `the model has no logit of reaching ${name}` : shortageOf(label, name);
    const reason = excluded ?? lack;
    if (reason === null) calibrators[name] = fitOne(Float64Array.from(logit as Float32Array), label, weight, kind);
    else uncalibrated[name] = reason;
  }
  return { calibrators, uncalibrated };
}

/** Returns the logits of reaching the labelled stages after calibration, by stage, as `calibratedReach` computes them. */
export function productLogits(
  graph: StageGraph,
  calibrators: FittedCalibrators['calibrators'],
  reach: Readonly<Record<string, Float64Array>>,
): Record<string, Float64Array> {
  const done: Record<string, Float64Array> = {};
  for (const { name } of graph.labelled) {
    const [own, before] = [reach[name] as Float64Array, labelledBefore(graph, name)];
    const [calibrator, bound] = [calibrators[name], done[before]];
    if (calibrator !== undefined) done[name] = calibrated(calibrator, own);
    else done[name] = bound === undefined ? own : withShare(bound, reach[before] as Float64Array, own);
    if (bound !== undefined)
      done[name] = (done[name] as Float64Array).map((x, row) => Math.min(x, bound[row] as number));
  }
  return done;
}

/** Returns the logits of a stage that has the calibrated logits `before` reached, and the network's share of them. */
function withShare(before: Float64Array, uncalibratedBefore: Float64Array, uncalibrated: Float64Array): Float64Array {
  return uncalibrated.map((x, row) => {
    const logShare = softplus(-(uncalibratedBefore[row] as number)) - softplus(-x);
    const logProbability = Math.min(logShare, 0) - softplus(-(before[row] as number));
    return logProbability - Math.log(-Math.expm1(logProbability));
  });
}

/** Returns log(1 + e^x). */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

const STAGE = 'stage';
/** A graph of one edge, whose logit is that of reaching its stage. */
const ONE_EDGE: StageGraph = {
  root: 'root',
  stages: ['root', STAGE],
  towers: [{ name: STAGE, from: 'root', to: [STAGE], complement: null }],
  labelled: [{ name: STAGE, weight: 1 }],
  outputs: [],
};

function fitOne(
  logit: Float64Array,
  label: Int8Array,
  weight: Float32Array | null,
  kind: Calibrator['kind'],
): Calibrator {
  if (kind === 'isotonic') return fitIsotonic(knownRows(logit, label, null, weight));
  const problem = { graph: ONE_EDGE, towers: [STAGE], stage: STAGE, logits: { [STAGE]: logit }, label, weight };
  return fitPlatt(problem)[STAGE] as Calibrator;
}
