import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../../lib/model/gradients/kernel-gradients.ts';
import { Session } from '../../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../../lib/graph/onnx-file.ts';
import { trace } from '../../../lib/graph/trace.ts';
import { bucketedDelay } from '../../../lib/model/losses/bucketed-delay.ts';
import { type DelayDistribution, delayLoss } from '../../../lib/model/losses/delays.ts';
import { exponentialDelay } from '../../../lib/model/losses/exponential-delay.ts';

const LOGITS = [-80, -40, -17, -1e-3, 0, 17, 40, 80];
/** Days of the delay of a seen event; negative, for which it was not seen. */
const DELAYS = [0.125, 2, 32, -0.0078125, -0.5, -32];
/** The rate times 2; products of powers of two are exact, so that the exponents are those of the reference. */
const SCALE = Math.fround(Math.log(2));
/** Buckets that end after 1, 3 and 8 days; the delays are in them, at their bounds, and beyond. */
const ENDS = [1, 3, 8];
const IN_BUCKETS = [0, 0.25, 1, 2, 7, 9, -0.25, -1, -2, -7, -8, -9];

describe('the losses of an event with an exponential delay, in onnxruntime', () => {
  const rows = LOGITS.flatMap((a) => LOGITS.flatMap((b) => DELAYS.map((delay) => [a, b, delay])));
  let got: Record<string, Float32Array>;
  beforeAll(async () => {
    got = await lossAndGradients(exponentialDelay('rate', 'scale'), rows, (row) => ({
      conversion: [row[0] as number],
      rate: [row[1] as number],
      scale: [SCALE],
    }));
  });

  it('are exact, with their gradients', () => {
    rows.forEach((row, i) => {
      const expected = exponentialReference(row.map(Math.fround));
      for (const name of ['loss', 'by_conversion', 'by_rate', 'by_scale'] as const)
        expectRelative(got[name]?.[i], expected[name], `${name} at ${row}`);
    });
  });
});

describe('the losses of an event with a delay in buckets, in onnxruntime', () => {
  const some = [-40, -1e-3, 17];
  const rows = LOGITS.flatMap((a) =>
    some.flatMap((b) => some.flatMap((c) => IN_BUCKETS.map((delay) => [a, b, c, delay]))),
  );
  let got: Record<string, Float32Array>;
  beforeAll(async () => {
    got = await lossAndGradients(bucketedDelay('buckets', ENDS), rows, (row) => ({
      conversion: [row[0] as number],
      buckets: [row[1] as number, row[2] as number, 0.5],
    }));
  });

  it('are exact, with their gradients', () => {
    rows.forEach((row, i) => {
      const expected = bucketReference(row.map(Math.fround));
      expectRelative(got.loss?.[i], expected.loss, `loss at ${row}`);
      expectRelative(got.by_conversion?.[i], expected.by_conversion, `gradient by conversion at ${row}`);
      // A gradient is the difference of two shares of 1.
      expected.buckets.forEach((value, k) => {
        // The difference of two shares, in which the smaller one can be lost.
        const gradient = got.by_buckets?.[3 * i + k] as number;
        const tolerance = 1e-6 + 1e-5 * Math.abs(value);
        expect(Math.abs(gradient - value), `gradient by bucket ${k} at ${row}`).toBeLessThan(tolerance);
      });
    });
  });
});

/** Expects a small relative error. The absolute tolerance is for numbers too small to be normal in float32. */
function expectRelative(got: number | undefined, expected: number, what: string): void {
  const error = Math.abs((got ?? Number.NaN) - expected);
  expect(error, `${what}: got ${got}, expected ${expected}`).toBeLessThanOrEqual(1e-5 * Math.abs(expected) + 2e-38);
}

/** Returns the loss of each row and its gradients by the tensors of the forward pass, whose values a row gives. */
async function lossAndGradients(
  distribution: DelayDistribution,
  rows: readonly number[][],
  forwardOf: (row: number[]) => Record<string, number[]>,
): Promise<Record<string, Float32Array>> {
  const forward = rows.map(forwardOf);
  const names = Object.keys(forward[0] as Record<string, number[]>);
  const width = (name: string) => forward[0]?.[name]?.length ?? 1;
  const traced = trace(
    (inputs) => {
      const lossOf = (...values: tf.Tensor[]) => {
        const tensors = Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor]));
        return delayLoss(tensors.conversion as tf.Tensor, inputs.delay as tf.Tensor, distribution, tensors);
      };
      const tensors = names.map((name) => inputs[name] as tf.Tensor);
      const gradients = tf.grads((...values) => tf.sum(lossOf(...values)))(tensors);
      return {
        loss: lossOf(...tensors),
        ...Object.fromEntries(names.map((name, i) => [`by_${name}`, gradients[i] as tf.Tensor])),
      };
    },
    [...names, 'delay'].map((name) => ({ name, shape: ['batch', width(name)], type: 'float32' })),
  );
  const session = await Session.open(onnxBytes(traced), { threads: 1 });
  const inputs = [...names, 'delay'].map((name) => {
    const values = name === 'delay' ? rows.map((row) => row.slice(-1)) : forward.map((row) => row[name] as number[]);
    return [name, { data: Float32Array.from(values.flat()), shape: [rows.length, width(name)] }] as const;
  });
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  return outputs as Record<string, Float32Array>;
}

// The references in float64.
function sigma(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** -log(1 - p F) for the logit a of p, given F and 1 - F, and its gradients by a and by F. */
function unseenReference(a: number, seen: number, left: number) {
  const p = sigma(a);
  const missed = sigma(-a) + p * left;
  return {
    loss: missed > 0.5 ? -Math.log1p(-p * seen) : -Math.log(missed),
    byLogit: (p * sigma(-a) * seen) / missed,
    bySeen: p / missed,
  };
}

function exponentialReference([a = 0, b = 0, delay = 0]: number[]) {
  const rate = softplus(b) * Math.exp(SCALE);
  const slope = sigma(b) / softplus(b);
  if (delay >= 0) {
    const scale = rate * delay - 1;
    const logRate = (b < -30 ? b : Math.log(softplus(b))) + SCALE;
    return {
      loss: softplus(-a) - logRate + rate * delay,
      by_conversion: -sigma(-a),
      by_rate: scale * slope,
      by_scale: scale,
    };
  }
  const [u, left] = [-rate * delay, Math.exp(rate * delay)];
  const { loss, byLogit, bySeen } = unseenReference(a, -Math.expm1(-u), left);
  return { loss, by_conversion: byLogit, by_rate: bySeen * u * left * slope, by_scale: bySeen * u * left };
}

function bucketReference([a = 0, b = 0, c = 0, delay = 0]: number[]) {
  const odds = [b, c, 0.5].map(Math.exp);
  const all = odds.reduce((x, y) => x + y);
  const days = Math.abs(delay);
  const starts = [0, ...ENDS];
  if (delay >= 0) {
    const bucket = days < 1 ? 0 : days < 3 ? 1 : 2;
    const density = (odds[bucket] as number) / all / ((ENDS[bucket] as number) - (starts[bucket] as number));
    const buckets = odds.map((value, i) => value / all - Number(i === bucket));
    return { loss: softplus(-a) - Math.log(density), by_conversion: -sigma(-a), buckets };
  }
  const over = ENDS.map((end, i) => {
    const start = starts[i] as number;
    return Math.min(Math.max((days - start) / (end - start), 0), 1);
  });
  const seen = odds.reduce((sum, value, i) => sum + (value * (over[i] as number)) / all, 0);
  const left = odds.reduce((sum, value, i) => sum + (value * (1 - (over[i] as number))) / all, 0);
  const { loss, byLogit, bySeen } = unseenReference(a, seen, left);
  // c_i - F, as a sum over the other buckets.
  const excess = over.map((c) => odds.reduce((sum, other, j) => sum + other * (c - (over[j] as number)), 0) / all);
  const buckets = odds.map((value, i) => (bySeen * value * (excess[i] as number)) / all);
  return { loss, by_conversion: byLogit, buckets };
}
