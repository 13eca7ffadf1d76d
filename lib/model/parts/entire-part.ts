import { towers } from '../layers/tower.ts';
import { reachLosses } from '../losses/reach-cross-entropy.ts';
import type { NetworkPart, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { shapeOfPart } from './network-of-parts.ts';

/**
 * Returns a network of one stage alone: the probability of reaching it from the root, by a tower and embeddings of its
 * own, trained on every row.
 */
export function entirePart(shape: NetworkShape, stage: string): NetworkPart {
  const { root } = shape.graph;
  const tower = { name: stage, from: root, to: [stage], complement: null };
  const own = shapeOfPart(shape, { root, towers: [tower], labelled: [stage] });
  const network = { ...towers(own, { tables: 'by-tower' }), losses: reachLosses(own), outputs: reachOutputs(own) };
  return { name: stage, graph: own.graph, network };
}
