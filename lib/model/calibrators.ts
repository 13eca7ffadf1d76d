/**
 * Calibration of a trained model, one calibrator a tower, in logits. Only an edge's own probability is calibrated: the
 * probabilities of reaching are put together from the calibrated edges, so that products stay products.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './network.ts';

/** A map of one tower's logit, strictly increasing but for a slope of 0. */
export type Calibrator =
  /** slope x + intercept. */
  | { readonly kind: 'platt'; readonly slope: number; readonly intercept: number }
  /**
   * Straight between the knots, with slope 1 before the first and after the last: there the model's own odds ratios go
   * on. Both columns increase strictly.
   */
  | { readonly kind: 'isotonic'; readonly logits: readonly number[]; readonly calibrated: readonly number[] };

/** By tower name; a tower without one stays as it is. */
export type Calibrators = Readonly<Record<string, Calibrator>>;

/** A forward pass whose logits [batch, 1] of calibrated towers are replaced; all else in it stays as it is. */
export function calibrateLogits(calibrators: Calibrators, forward: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(forward).map(([name, tensor]) => {
      const calibrator = calibrators[name];
      return [name, calibrator === undefined ? tensor : calibrate(calibrator, tensor)];
    }),
  );
}

function calibrate(calibrator: Calibrator, logit: tf.Tensor): tf.Tensor {
  if (calibrator.kind === 'platt') return tf.add(tf.mul(logit, calibrator.slope), calibrator.intercept);
  const { logits: knots, calibrated } = calibrator;
  // Piece i lies before knot i, and the last one after the last knot; each starts at the knot where it is anchored.
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
