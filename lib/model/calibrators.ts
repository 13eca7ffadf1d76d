/** Calibrators: increasing maps of a trained model's logits, and what they are applied to. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './network.ts';

/** A map of a logit that increases strictly (a Platt slope of 0 excepted). */
export type Calibrator =
  /** calibrated = slope * logit + intercept. */
  | { readonly kind: 'platt'; readonly slope: number; readonly intercept: number }
  /**
   * Linear between the knots (`logits[i]`, `calibrated[i]`), both of which increase strictly. Before the first and
   * after the last the slope is 1, so that the odds ratios between rows stay those of the model.
   */
  | { readonly kind: 'isotonic'; readonly logits: readonly number[]; readonly calibrated: readonly number[] };

/** Calibrators by name; what is not named is not calibrated. */
export type Calibrators = Readonly<Record<string, Calibrator>>;

/**
 * What is calibrated:
 *
 * - `edges`: the logits of the towers, by tower name. The probabilities of reaching a stage are computed from them.
 * - `product`: the logits of reaching a stage from the root, by stage, such as that of pctcvr = pctr pcvr. The
 *   probabilities given an earlier stage are computed from them (`calibrated-reach.ts`).
 */
export type CalibrationTarget = 'edges' | 'product';

/** The calibrators of a model, and what they are applied to. Either way pctcvr is the product of pctr and pcvr. */
export interface ModelCalibration {
  readonly of: CalibrationTarget;
  readonly calibrators: Calibrators;
}

/** Returns tensors by name with those [batch, 1] that have a calibrator replaced. All others stay the same. */
export function calibrateLogits(calibrators: Calibrators, tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const calibrator = calibrators[name];
      return [name, calibrator === undefined ? tensor : calibrate(calibrator, tensor)];
    }),
  );
}

function calibrate(calibrator: Calibrator, logit: tf.Tensor): tf.Tensor {
  if (calibrator.kind === 'platt') return tf.add(tf.mul(logit, calibrator.slope), calibrator.intercept);
  const { logits: knots, calibrated } = calibrator;
  // Piece i holds the logits that are above i knots; there calibrated = to + slope * (logit - from).
  const slopes = knots.slice(1).map((knot, i) => (at(calibrated, i + 1) - at(calibrated, i)) / (knot - at(knots, i)));
  const pieces = { slope: [1, ...slopes, 1], from: [at(knots, 0), ...knots], to: [at(calibrated, 0), ...calibrated] };
  const piece = tf.sum(
    tf.cast(tf.greater(logit, tf.tensor2d(Float32Array.from(knots), [1, knots.length])), 'int32'),
    1,
  );
  const ofPiece = (values: readonly number[]) =>
    tf.expandDims(tf.gather(tf.tensor1d(Float32Array.from(values)), piece), 1);
  return tf.add(ofPiece(pieces.to), tf.mul(ofPiece(pieces.slope), tf.sub(logit, ofPiece(pieces.from))));
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}
