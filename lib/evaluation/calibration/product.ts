/**
 * Calibration of products: a calibrator for the logit of reaching each labelled stage from the root, such as pctcvr,
 * fitted on the label of the stage over all rows where that is known. The probabilities given an earlier stage follow
 * from them: pcvr = pctcvr / pctr.
 *
 * A stage is not calibrated where it has fewer than ten rows of one of the two outcomes. None is where the network gives
 * no logits of reaching the stages, or where two stages exclude each other (`whyNoProduct`).
 */
import { whyNoProduct } from '../../model/calibrated-reach.ts';
import type { Calibrator } from '../../model/calibrators.ts';
import { labelledBefore, type StageGraph } from '../../model/stage-graph.ts';
import type { CalibrationMethod } from './calibration-method.ts';
import { calibrated, knownRows, shortageOf } from './calibration-rows.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt } from './platt.ts';

export const PRODUCT: CalibrationMethod = {
  of: 'product',
  whyNot: (graph, { reach }) => {
    const lacking = graph.labelled.find(({ name }) => reach[name] === undefined);
    return whyNoProduct(graph) ?? (lacking && `the model has no logit of reaching ${lacking.name}`) ?? null;
  },
  names: (_, stage) => [stage],
  fitStage: (_, { reach, labels, weight }, { stage, kind }) => {
    const label = labels[stage] as Int8Array;
    const logit = Float64Array.from(reach[stage] as Float32Array);
    return { [stage]: shortageOf(label, stage) ?? fitOne(logit, label, weight, kind) };
  },
  reachLogits,
};

/** Returns what `calibratedReach` computes in the graph. */
function reachLogits(
  ...[graph, logits, calibrators, stage]: Parameters<CalibrationMethod['reachLogits']>
): Float64Array {
  const own = logits.reach[stage] as Float64Array;
  const calibrator = calibrators[stage];
  const before = labelledBefore(graph, stage);
  const mapped = calibrator === undefined ? own : calibrated(calibrator, own);
  if (before === graph.root) return mapped;
  const bound = reachLogits(graph, logits, calibrators, before);
  const free = calibrator === undefined ? withShare(bound, logits.reach[before] as Float64Array, own) : mapped;
  return free.map((x, row) => Math.min(x, bound[row] as number));
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
