import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../lib/model/gradients/kernel-gradients.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import { trace } from '../../lib/graph/trace.ts';
import { crossEntropy, probability, reachLogit, reachProbability } from '../../lib/model/reach.ts';
import { type StageGraph, stageGraph } from '../../lib/model/stage-graph.ts';
import { chainOfThree, chainOfTwo, esm2 } from './funnels.ts';

const LOGITS = [-80, -40, -17, -1e-3, 0, 17, 40, 80];

describe.each([
  { name: 'a chain of two', graph: stageGraph(chainOfTwo), reference: chainOfTwoReference },
  { name: 'a chain of three', graph: stageGraph(chainOfThree), reference: chainOfThreeReference },
  { name: 'ESM2', graph: stageGraph(esm2), reference: esm2Reference },
])('the logit of reaching the last stage of $name, in onnxruntime', ({ graph, reference }) => {
  const towers = graph.towers.map(({ name }) => name);
  const rows = combinations(LOGITS, towers.length);
  let got: Record<string, Float32Array>;
  beforeAll(async () => {
    got = await lossAndGradients(graph, rows);
  });

  it.each([0, 1])('gives exact losses and gradients for the label %i', (label) => {
    rows.forEach((logits, row) => {
      const expected = reference(logits.map(Math.fround), label);
      expectRelative(got[`loss_${label}`]?.[row], expected.loss, `loss at ${logits}`);
      towers.forEach((tower, i) => {
        expectRelative(
          got[`gradient_${label}_${tower}`]?.[row],
          expected.gradients[i] as number,
          `gradient by ${tower} at ${logits}`,
        );
      });
    });
  });

  it('gives exact probabilities', () => {
    rows.forEach((logits, row) => {
      const expected = Math.exp(-reference(logits.map(Math.fround), 1).loss);
      expectRelative(got.probability?.[row], expected, `probability at ${logits}`);
      expectRelative(got.product?.[row], expected, `product of probabilities at ${logits}`);
    });
  });
});

it('the probability of reaching the last stage of a chain is the product of its edges, to the last bit', async () => {
  const graph = stageGraph(chainOfThree);
  const towers = graph.towers.map(({ name }) => name);
  const [middle, last] = graph.labelled.map(({ name }) => name) as [string, string];
  const traced = trace(
    (logits) => ({
      first: reachProbability(graph, logits, graph.root, middle),
      second: reachProbability(graph, logits, middle, last),
      both: reachProbability(graph, logits, graph.root, last),
    }),
    towers.map((name) => ({ name, shape: ['batch', 1], type: 'float32' })),
  );
  const rows = combinations([-17, -4.1, -0.3, 0.7, 5.3], towers.length);
  const { first, second, both } = await run(traced, towers, rows);
  expect(both).toEqual(first?.map((value, row) => value * (second?.[row] ?? Number.NaN)));
});

/** Expects a small relative error. The absolute tolerance is for numbers too small to be normal in float32. */
function expectRelative(got: number | undefined, expected: number, what: string): void {
  const error = Math.abs((got ?? Number.NaN) - expected);
  expect(error, `${what}: got ${got}, expected ${expected}`).toBeLessThanOrEqual(1e-5 * Math.abs(expected) + 2e-38);
}

async function lossAndGradients(graph: StageGraph, rows: number[][]): Promise<Record<string, Float32Array>> {
  const towers = graph.towers.map(({ name }) => name);
  const last = graph.labelled.at(-1)?.name as string;
  const traced = trace(
    (inputs) => {
      const byTower = (values: tf.Tensor[]) =>
        Object.fromEntries(towers.map((name, i) => [name, values[i] as tf.Tensor]));
      const reach = (values: tf.Tensor[]) => reachLogit(graph, byTower(values), graph.root, last);
      const logits = towers.map((name) => inputs[name] as tf.Tensor);
      const outputs: Record<string, tf.Tensor> = {
        probability: probability(reach(logits)),
        product: reachProbability(graph, byTower(logits), graph.root, last),
      };
      for (const label of [0, 1]) {
        const loss = (...values: tf.Tensor[]) => crossEntropy(tf.scalar(label), reach(values));
        outputs[`loss_${label}`] = loss(...logits);
        const gradients = tf.grads((...values) => tf.sum(loss(...values)))(logits);
        for (const [i, name] of towers.entries()) outputs[`gradient_${label}_${name}`] = gradients[i] as tf.Tensor;
      }
      return outputs;
    },
    towers.map((name) => ({ name, shape: ['batch', 1], type: 'float32' })),
  );
  return run(traced, towers, rows);
}

/** Runs a graph in onnxruntime on the logits of the towers, row by row. */
async function run(
  traced: ReturnType<typeof trace>,
  towers: readonly string[],
  rows: readonly (readonly number[])[],
): Promise<Record<string, Float32Array>> {
  const session = await Session.open(onnxBytes(traced), { threads: 1 });
  const inputs = Object.fromEntries(
    towers.map((name, i) => [
      name,
      { data: Float32Array.from(rows, (row) => row[i] as number), shape: [rows.length, 1] },
    ]),
  );
  const outputs = await session.run(inputs);
  await session.release();
  return outputs as Record<string, Float32Array>;
}

function combinations(values: readonly number[], length: number): number[][] {
  if (length === 0) return [[]];
  return combinations(values, length - 1).flatMap((rest) => values.map((value) => [...rest, value]));
}

interface Reference {
  loss: number;
  gradients: number[];
}

// The references in float64, each derived by hand for its funnel. p and 1 - p are sums of positive terms, so that
// neither loses digits by cancellation.
function sigma(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function chainOfTwoReference([a = 0]: number[], label = 0): Reference {
  return label === 1
    ? { loss: Math.log1p(Math.exp(-a)), gradients: [-sigma(-a)] }
    : { loss: a > 0 ? a + Math.log1p(Math.exp(-a)) : Math.log1p(Math.exp(a)), gradients: [sigma(a)] };
}

/** P = s(a) s(b); 1 - P = s(-a) + s(a) s(-b). */
function chainOfThreeReference([a = 0, b = 0]: number[], label = 0): Reference {
  if (label === 1)
    return { loss: Math.log1p(Math.exp(-a)) + Math.log1p(Math.exp(-b)), gradients: [-sigma(-a), -sigma(-b)] };
  const missed = sigma(-a) + sigma(a) * sigma(-b);
  const loss = missed > 0.5 ? -Math.log1p(-sigma(a) * sigma(b)) : -Math.log(missed);
  return { loss, gradients: [(sigma(a) * sigma(-a) * sigma(b)) / missed, (sigma(a) * sigma(b) * sigma(-b)) / missed] };
}

/** P = s(a) [s(b) s(c) + s(-b) s(d)], for the towers click, action, buy after action, buy after other. */
function esm2Reference([a = 0, b = 0, c = 0, d = 0]: number[], label = 0): Reference {
  const given = sigma(b) * sigma(c) + sigma(-b) * sigma(d);
  const givenMissed = sigma(b) * sigma(-c) + sigma(-b) * sigma(-d);
  const missed = sigma(-a) + sigma(a) * givenMissed;
  const reached = sigma(a) * given;
  // s(c) - s(d) = sinh((c - d) / 2) / (2 cosh(c / 2) cosh(d / 2))
  const difference = Math.sinh((c - d) / 2) / (2 * Math.cosh(c / 2)) / Math.cosh(d / 2);
  const slopes = [
    sigma(a) * sigma(-a) * given,
    sigma(a) * sigma(b) * sigma(-b) * difference,
    sigma(a) * sigma(b) * sigma(c) * sigma(-c),
    sigma(a) * sigma(-b) * sigma(d) * sigma(-d),
  ];
  if (label === 1)
    return {
      loss: reached > 0.5 ? -Math.log1p(-missed) : -Math.log(reached),
      gradients: slopes.map((slope) => -slope / reached),
    };
  return {
    loss: missed > 0.5 ? -Math.log1p(-reached) : -Math.log(missed),
    gradients: slopes.map((slope) => slope / missed),
  };
}
