/** Traces the graphs of training from its functions. */
import type { Graph } from '../../graph/graph.ts';
import { trace } from '../../graph/trace.ts';
import type { Model } from '../../model/model.ts';
import type { LossTerm } from '../engine.ts';
import { lossesFunction, type NamedFunction, type StepInputs, trainFunction } from '../step/step-functions.ts';

/** The traced graph of a step, and the terms of the total loss whose gradients it computes. */
export interface TracedStep {
  readonly graph: Graph;
  readonly losses: readonly LossTerm[];
}

/** Traces a training step. */
export function traceStep(model: Model, given: StepInputs): TracedStep {
  return traceFunction(trainFunction(model, given));
}

/** Traces the network's losses. */
export function traceLoss(model: Model): Graph {
  return traceFunction(lossesFunction(model)).graph;
}

function traceFunction({ inputs, compute }: NamedFunction): TracedStep {
  let losses: readonly LossTerm[] = [];
  const graph = trace((tensors) => {
    const computed = compute(tensors);
    losses = computed.losses;
    return computed.outputs;
  }, inputs);
  return { graph, losses };
}
