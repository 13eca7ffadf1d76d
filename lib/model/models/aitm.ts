/**
 * AITM: Modeling the Sequential Dependence among Audience Multi-step Conversions with Multi-task Learning in Targeted
 * Display Advertising (Xi et al., KDD 2021, arXiv 2105.08489).
 *
 *   p_t = relu(z_{t-1} W_t + b_t)                                    what a stage hands on   (equation 3)
 *   z_t = sum over u of {p_t, q_t} of  w_u h3(u),    z_1 = q_1                               (equations 4 and 5)
 *   w_u = softmax over u of  h1(u) . h2(u) / sqrt(k)                                         (equation 6)
 *   L   = sum over stages t of  l(y_t, s_t) + alpha max(s_t - s_{t-1}, 0)                    (equations 7 to 9)
 *
 * Here q_t is the last hidden layer of the tower of stage t, of k units, h1 to h3 are linear, and s_t is the probability
 * of reaching the stage from the root, a logistic regression on z_t. The last term keeps a stage from being more probable
 * than the one before it, which no product of probabilities does here.
 *
 * The stages are a chain, or a tree: each follows one other. A stage with a complement, in an exclusive group, or after
 * several others is refused, as is one without a label, which nothing would train.
 *
 * Differs from the paper in: pCVR is exported as min(1, pCTCVR / pCTR), and pCTCVR as at most pCTR, so that it is their
 * product; losses in logits; a mean over the batch in the last term too.
 */
import * as tf from '@tensorflow/tfjs-core';
import { dense } from '../layers/dense.ts';
import { dropout } from '../layers/dropout.ts';
import { type Layer, sequence } from '../layers/layer.ts';
import { towerLayers } from '../layers/tower.ts';
import type { LabelledBatch, Loss, Network, NetworkShape, Tensors } from '../network.ts';
import { outputsOfReach } from '../outputs.ts';
import { crossEntropy, probability } from '../reach.ts';
import type { StageGraph } from '../stage-graph.ts';

const ORDER_WEIGHT = 0.6;

/**
 * Returns AITM as a network.
 * @throws {RangeError} where a stage has no label, or does not follow a single other one by itself.
 */
export function aitm(shape: NetworkShape): Network {
  const { graph, orderWeight = ORDER_WEIGHT } = shape;
  const steps = stepsOf(graph);
  const towers = towerLayers(shape, { bias: ({ to }) => ({ reachRateOf: to[0] as string }) });
  const transfers = new Map(
    steps.filter(({ before }) => before !== null).map(({ tower }) => [tower, transfer(tower, towers.units)]),
  );
  const layers = [...transfers.values()].flatMap((one) => one.layers);
  return {
    tables: towers.tables,
    parameters: [towers, ...layers].flatMap(({ parameters }) => parameters),
    masks: [towers, ...layers].flatMap(({ masks }) => masks),
    forward(inputs, parameters, masks) {
      const own = towers.hidden(inputs, parameters, masks);
      const mixed: Record<string, tf.Tensor> = {};
      for (const { tower, before } of steps) {
        const hidden = own[tower] as tf.Tensor;
        const earlier = before === null ? undefined : mixed[before.tower];
        mixed[tower] = earlier ? (transfers.get(tower) as Transfer).apply(earlier, hidden, parameters, masks) : hidden;
      }
      const logits = towers.logits(mixed, inputs, parameters);
      return Object.fromEntries(steps.map(({ stage, tower }) => [reachName(stage), logits[tower] as tf.Tensor]));
    },
    losses: (forward, batch) => steps.flatMap((step) => lossesOf(graph, step, forward, batch, orderWeight)),
    reach: (forward) => boundedReach(steps, forward),
    outputs: (forward) => outputsOfReach({ graph })(boundedReach(steps, forward)),
  };
}

const reachName = (stage: string) => `reach.${stage}`;

/** A stage, its tower, and the step before it; `null` for a stage after the root. */
interface Step {
  readonly stage: string;
  readonly tower: string;
  readonly before: Step | null;
}

/** Returns the steps from stage to stage, each after the one before it. */
function stepsOf({ root, stages, towers, labelled }: StageGraph): Step[] {
  const steps: Step[] = [];
  for (const stage of stages.filter((name) => name !== root)) {
    const [tower, ...others] = towers.filter(({ to }) => to.includes(stage));
    if (tower === undefined || others.length > 0 || tower.to.length > 1 || !labelled.some(({ name }) => name === stage))
      throw new RangeError(`aitm: got stage ${stage}, expected labelled stages, each after one other by itself`);
    steps.push({ stage, tower: tower.name, before: steps.find((step) => step.stage === tower.from) ?? null });
  }
  return steps;
}

/** The layers that bring a stage what the stage before it hands on. */
interface Transfer {
  readonly layers: readonly Layer[];
  /** Returns z_t [batch, units] from z_{t-1} and q_t. */
  apply(earlier: tf.Tensor, own: tf.Tensor, parameters: Tensors, masks?: Tensors): tf.Tensor;
}

function transfer(tower: string, units: number): Transfer {
  const linear = (name: string) => dense({ name: `${tower}.${name}`, inputs: units, units, bias: null });
  const [query, key, value] = [linear('query'), linear('key'), linear('value')];
  const handOn = sequence([
    dense({ name: `${tower}.transfer`, inputs: units, units, activation: 'relu' }),
    dropout({ name: `${tower}.transfer`, units }),
  ]);
  return {
    layers: [handOn, query, key, value],
    apply(earlier, own, parameters, masks) {
      const handed = handOn.apply(earlier, parameters, masks);
      const score = (x: tf.Tensor) =>
        tf.mul(tf.sum(tf.mul(query.apply(x, parameters), key.apply(x, parameters)), 1, true), 1 / Math.sqrt(units));
      // The softmax of two is the logistic function of their difference.
      const weight = probability(tf.sub(score(handed), score(own)));
      const [first, second] = [value.apply(own, parameters), value.apply(handed, parameters)];
      return tf.add(first, tf.mul(weight, tf.sub(second, first)));
    },
  };
}

/** The cross-entropy of reaching a stage, and how far it is more probable than the stage before. */
function lossesOf(
  { labelled }: StageGraph,
  { stage, before }: Step,
  forward: Tensors,
  { labels, weights }: LabelledBatch,
  orderWeight: number,
): Loss[] {
  const weight = labelled.find(({ name }) => name === stage)?.weight ?? 1;
  const rows = weights[stage] as tf.Tensor;
  const logit = forward[reachName(stage)] as tf.Tensor;
  const mean = (values: tf.Tensor) => tf.sum(tf.mul(rows, values));
  const reached: Loss = { name: stage, weight, value: mean(crossEntropy(labels[stage] as tf.Tensor, logit)) };
  if (before === null) return [reached];
  const excess = tf.relu(tf.sub(probability(logit), probability(forward[reachName(before.stage)] as tf.Tensor)));
  return [reached, { name: `${stage} order`, weight: orderWeight * weight, value: mean(excess) }];
}

/** The logits of reaching the stages, each at most that of the stage before. */
function boundedReach(steps: readonly Step[], forward: Tensors): Record<string, tf.Tensor> {
  const bounded: Record<string, tf.Tensor> = {};
  for (const { stage, before } of steps) {
    const own = forward[reachName(stage)] as tf.Tensor;
    bounded[stage] = before === null ? own : tf.minimum(own, bounded[before.stage] as tf.Tensor);
  }
  return bounded;
}
