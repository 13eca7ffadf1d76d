/**
 * Calibration of a trained model, in logits, with one calibrator for each tower. Only the probabilities of single edges
 * are calibrated; the probabilities of reaching a stage are computed from the calibrated edges, so that pctcvr stays
 * the product of pctr and pcvr.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './network.ts';

/** A map of one tower's logit that increases strictly (a Platt slope of 0 excepted). */
export type Calibrator =
  /** calibrated = slope * logit + intercept. */
  | { readonly kind: 'platt'; readonly slope: number; readonly intercept: number }
  /**
   * Linear between the knots (`logits[i]`, `calibrated[i]`), both of which increase strictly. Before the first and
   * after the last the slope is 1, so that the odds ratios between rows stay those of the model.
   */
  | { readonly kind: 'isotonic'; readonly logits: readonly number[]; readonly calibrated: readonly number[] };

/** Calibrators by tower name; a tower that is not named is not calibrated. */
export type Calibrators = Readonly<Record<string, Calibrator>>;

/**
 * Returns the tensors of a forward pass with the logits [batch, 1] of the calibrated towers replaced. All other tensors
 * stay the same.
 */
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
