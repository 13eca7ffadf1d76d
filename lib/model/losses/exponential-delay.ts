/** Exponential delays of rate lambda: f(d) = lambda exp(-lambda d), F(t) = 1 - exp(-lambda t). */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../network.ts';
import type { DelayDistribution } from './delays.ts';

/**
 * Returns the distribution whose rate per day is e^s softplus(a), for a logit a [batch, 1] and a logarithm s [1] of the
 * forward pass. The common factor lets delays of seconds or months be learned at one learning rate.
 */
export function exponentialDelay(logit: string, logScale: string): DelayDistribution {
  const logRate = (forward: Tensors) =>
    tf.add(logSoftplus(forward[logit] as tf.Tensor), forward[logScale] as tf.Tensor);
  const rate = (forward: Tensors) =>
    tf.mul(tf.softplus(forward[logit] as tf.Tensor), tf.exp(forward[logScale] as tf.Tensor));
  return {
    logDensity: (forward, days) => tf.sub(logRate(forward), tf.mul(rate(forward), days)),
    // F / (1 - F) = e^u - 1 with u = lambda t.
    seenLogit(forward, days) {
      const time = tf.maximum(days, LEAST_DAYS);
      return logExpm1(tf.mul(rate(forward), time), tf.add(logRate(forward), tf.log(time)));
    },
  };
}

/** A hundredth of a second: the logarithm of the delay of an event that is seen at once is not used, but computed. */
const LEAST_DAYS = 1e-7;
/** Below this, softplus is the exponential function in float32. */
const LOWEST = -17;

/** Returns log softplus(x). Its gradient, sigmoid(x) / softplus(x), goes to 1 for small x. */
export function logSoftplus(x: tf.Tensor): tf.Tensor {
  const log = tf.customGrad((...args) => {
    const [of, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([of]);
    const isSmall = tf.less(of, LOWEST);
    return {
      value: tf.where(isSmall, of, tf.log(tf.softplus(tf.maximum(of, LOWEST)))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const by = tf.maximum(saved[0] as tf.Tensor, LOWEST);
        return [tf.mul(dy, tf.div(tf.sigmoid(by), tf.softplus(by)))];
      },
    };
  });
  return log(x);
}

/** Below this u, log((e^u - 1) / u) is u / 2 in float32. */
const SMALL = 1e-3;

/**
 * Returns log(e^u - 1) of u and log u, which for a small u is hardly more, and is known where u is no normal number. The
 * gradient goes through log u.
 */
export function logExpm1(u: tf.Tensor, logU: tf.Tensor): tf.Tensor {
  // 1 - e^-u = 2 t / (1 + t) with t = tanh(u / 2), which is no difference from 1.
  const t = tf.tanh(tf.mul(tf.maximum(u, SMALL), 0.5));
  const isSmall = tf.less(u, SMALL);
  const log = tf.customGrad((...args) => {
    const [of, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([u, t, isSmall]);
    return {
      value: tf.where(isSmall, tf.add(of, tf.mul(u, 0.5)), tf.add(u, tf.log(tf.div(tf.mul(t, 2), tf.add(t, 1))))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [by, half, isNear] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        // u / (1 - e^-u)
        const slope = tf.div(tf.mul(by, tf.add(half, 1)), tf.mul(half, 2));
        return [tf.mul(dy, tf.where(isNear, tf.add(tf.mul(by, 0.5), 1), slope))];
      },
    };
  });
  return log(logU);
}
