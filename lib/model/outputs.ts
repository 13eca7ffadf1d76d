import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './network.ts';
import { probability, reachLogit } from './reach.ts';
import type { StageGraph } from './stage-graph.ts';

/** Every output of the stage graph as a probability [batch], put together from the towers' logits. */
export function reachOutputs({ graph }: { readonly graph: StageGraph }): (logits: Tensors) => Tensors {
  return (logits) =>
    Object.fromEntries(
      graph.outputs.map(({ name, from, to }) => [
        name,
        tf.reshape(probability(reachLogit(graph, logits, from, to)), [-1]),
      ]),
    );
}
