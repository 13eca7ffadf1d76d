/**
 * Delayed feedback: Modeling Delayed Feedback in Display Advertising (Chapelle, KDD 2014), over the entire space.
 *
 *   L = sum over all impressions of  l(y, pCTR)
 *     + sum over seen conversions of      -log(pCTR pCVR lambda exp(-lambda d))
 *     + sum over all other impressions of -log(1 - pCTR pCVR (1 - exp(-lambda t)))
 *
 * A conversion is seen after a delay d of rate lambda(x), for which a tower of its own has a logit; where none is seen, t
 * is the time from the click, or from the impression where there is none, to the end of the log. pCVR is the probability
 * of a conversion at any time, so that young rows train it without being taken for negatives.
 *
 * For a stage graph of more stages, each labelled stage with `at` and `within` is delayed, and has a rate of its own.
 *
 * Differs from the paper in: all impressions in place of clicks; lambda is a multiple of softplus, and not exp, of its
 * tower; no penalty beside that of the declaration.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { towers } from '../layers/tower.ts';
import { delayedStages, delayLosses, delayTarget } from '../losses/delays.ts';
import { exponentialDelay } from '../losses/exponential-delay.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { towerOf } from '../stage-graph.ts';

/** Returns the model of delayed feedback as a network. */
export function delayed(shape: NetworkShape): Network {
  const { graph } = shape;
  const stages = delayedStages(graph).map(({ name }) => name);
  const base = towers(shape, {
    heads: stages.map((stage) => ({ name: rateName(stage), reads: towerOf(graph, stage).name })),
  });
  return {
    ...base,
    parameters: [
      ...base.parameters,
      ...stages.map((stage) => ({ name: scaleName(stage), shape: [1], start: { delayRateOf: stage } })),
    ],
    targets: stages.map(delayTarget),
    forward: (inputs, parameters, masks) => ({
      ...base.forward(inputs, parameters, masks),
      ...Object.fromEntries(stages.map((stage) => [scaleName(stage), parameters[scaleName(stage)] as tf.Tensor])),
    }),
    losses: delayLosses(shape, ({ name }) => exponentialDelay(rateName(name), scaleName(name))),
    outputs: reachOutputs(shape),
  };
}

const rateName = (stage: string) => `${stage}.rate`;
const scaleName = (stage: string) => `${stage}.rate_scale`;
