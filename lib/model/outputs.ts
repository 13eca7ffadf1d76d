/** The outputs of a model: probabilities by name, from the tensors of the forward pass, with or without calibration. */
import * as tf from '@tensorflow/tfjs-core';
import { calibratedReach } from './calibrated-reach.ts';
import { calibrateLogits, type ModelCalibration } from './calibrators.ts';
import type { Network, Tensors } from './network.ts';
import { expit, logShare, reachLogit, reachProbability } from './reach.ts';
import { logitCount, type StageGraph } from './stage-graph.ts';

/** Returns the function that computes every output of a stage graph, a probability [batch], from the towers' logits. */
export function reachOutputs({ graph }: { readonly graph: StageGraph }): (logits: Tensors) => Tensors {
  return (logits) =>
    Object.fromEntries(
      graph.outputs.map(({ name, from, to }) => [name, tf.reshape(reachProbability(graph, logits, from, to), [-1])]),
    );
}

/**
 * Returns the function that computes every output of a stage graph, a probability [batch], from the logits [batch, 1]
 * of reaching the stages from the root. A probability given an earlier stage is their ratio, and at most 1.
 */
export function outputsOfReach({ graph }: { readonly graph: StageGraph }): (reach: Tensors) => Tensors {
  return (reach) =>
    Object.fromEntries(
      graph.outputs.map(({ name, from, to }) => {
        const later = reach[to] as tf.Tensor;
        const value = from === graph.root ? expit(later) : tf.exp(logShare(reach[from] as tf.Tensor, later));
        return [name, tf.reshape(value, [-1])];
      }),
    );
}

/**
 * Returns the logits [batch, 1] of reaching every stage but the root and complements, by stage: those that the network
 * gives, or those that follow from the logits of its towers. `null` where it has neither.
 */
export function stageReach(graph: StageGraph, network: Pick<Network, 'reach'>, forward: Tensors): Tensors | null {
  if (network.reach !== undefined) return network.reach(forward);
  if (!graph.towers.every(({ name }) => forward[name] !== undefined)) return null;
  return Object.fromEntries(
    reachedStages(graph).map((stage) => [stage, reachLogit(graph, forward, graph.root, stage)]),
  );
}

/**
 * Returns the logits [batch, 1] of the towers that can be calibrated, by tower name; none for a network whose
 * probabilities do not follow from them.
 */
export function edgeLogits({ towers }: StageGraph, network: Pick<Network, 'reach'>, forward: Tensors): Tensors {
  if (network.reach !== undefined) return {};
  const single = towers.filter((tower) => logitCount(tower) === 1 && forward[tower.name] !== undefined);
  return Object.fromEntries(single.map(({ name }) => [name, forward[name] as tf.Tensor]));
}

/** Returns every output of a model, a probability [batch], from the tensors of its forward pass. */
export function modelOutputs(
  { graph, network }: { readonly graph: StageGraph; readonly network: Network },
  forward: Tensors,
  calibration: ModelCalibration | null = null,
): Tensors {
  if (calibration === null) return network.outputs(forward);
  const { of, calibrators } = calibration;
  if (of === 'edges') return network.outputs(calibrateLogits(calibrators, forward));
  const reach = stageReach(graph, network, forward);
  if (reach === null) throw new RangeError('the network gives no logits of reaching the stages, expected them');
  return { ...network.outputs(forward), ...outputsOfReach({ graph })(calibratedReach(graph, calibrators, reach)) };
}

/** The stages whose probability is an output: all but the root and complements. */
function reachedStages({ root, stages, towers }: StageGraph): string[] {
  return stages.filter((stage) => stage !== root && !towers.some(({ complement }) => complement === stage));
}
