import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './network.ts';
import { probability, reachLogit } from './reach.ts';
import type { StageGraph } from './stage-graph.ts';

/** Returns the function that computes every output of a stage graph, a probability [batch], from the towers' logits. */
export function reachOutputs({ graph }: { readonly graph: StageGraph }): (logits: Tensors) => Tensors {
  return (logits) =>
    Object.fromEntries(
      graph.outputs.map(({ name, from, to }) => [
        name,
        tf.reshape(probability(reachLogit(graph, logits, from, to)), [-1]),
      ]),
    );
}
