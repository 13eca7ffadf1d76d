/**
 * Delays in buckets: a delay is in bucket i with probability q_i, a softmax, and anywhere in it alike. A row that was not
 * seen during t says nothing of the buckets that begin later.
 */
import * as tf from '@tensorflow/tfjs-core';
import { logAddExp } from '../reach.ts';
import type { DelayDistribution } from './delays.ts';

/** The logarithm of the share of a bucket that has not begun: an exponent of it is 0, whatever the bucket's logit. */
const NEVER = -1e4;

/**
 * Returns the distribution whose buckets end at these days, ascending, the last of which is the time from which an event
 * is no longer expected; `logits` is the name of their logits [batch, buckets] in the forward pass.
 */
export function bucketedDelay(logits: string, ends: readonly number[]): DelayDistribution {
  const buckets = ends.map((end, i) => ({ start: ends[i - 1] ?? 0, end, isLast: i === ends.length - 1 }));
  const logWidths = buckets.map(({ start, end }) => Math.log(end - start));
  const masses = (forward: Readonly<Record<string, tf.Tensor>>) =>
    tf.split(forward[logits] as tf.Tensor, ends.length, 1) as tf.Tensor[];
  return {
    logDensity(forward, days) {
      const all = masses(forward);
      const isIn = buckets.map(({ start, end, isLast }) => {
        const isBegun = tf.greaterEqual(days, start);
        return isLast ? isBegun : tf.logicalAnd(isBegun, tf.less(days, end));
      });
      const constant = (value: number) => tf.mul(tf.onesLike(days), value);
      const add = (a: tf.Tensor, b: tf.Tensor) => tf.add(a, b);
      const own = isIn.map((is, i) => tf.where(is, all[i] as tf.Tensor, constant(0))).reduce(add);
      const others = isIn.map((is, i) => tf.where(is, constant(NEVER), all[i] as tf.Tensor)).reduce(logAddExp);
      const width = isIn.map((is, i) => tf.where(is, constant(logWidths[i] as number), constant(0))).reduce(add);
      // -log q = log(1 + the odds of the others), which is exact where q is almost 1.
      return tf.neg(tf.add(tf.softplus(tf.sub(others, own)), width));
    },
    seenLogit(forward, days) {
      const all = masses(forward);
      const part = (shareOf: (bucket: (typeof buckets)[number]) => tf.Tensor) =>
        buckets.map((bucket, i) => tf.add(all[i] as tf.Tensor, logShare(shareOf(bucket)))).reduce(logAddExp);
      const over = part(({ start, end }) => tf.div(tf.sub(days, start), end - start));
      const left = part(({ start, end }) => tf.div(tf.sub(end, days), end - start));
      return tf.sub(over, left);
    },
  };
}

/** Returns the logarithm of a share that is cut to [0, 1]. */
function logShare(share: tf.Tensor): tf.Tensor {
  const isSome = tf.greater(share, 0);
  const log = tf.log(tf.minimum(tf.maximum(share, 1e-30), 1));
  return tf.where(isSome, log, tf.mul(tf.onesLike(log), NEVER));
}
