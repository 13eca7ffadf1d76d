/** A user's definition as a network whose parameters are known. */
import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { traceLoss } from '../engine/ort/step-model.ts';
import { type NetworkOf, withInputs } from '../model/model.ts';
import type { Network } from '../model/network.ts';
import { reachOutputs } from '../model/outputs.ts';
import { ModelError } from '../model/own/model-error.ts';
import { type OwnShape, ownNetwork, runFunction } from '../model/own/own-network.ts';
import { newScope, type Specs } from '../model/own/scope.ts';
import type { LoadedDefinition } from './definition.ts';

/**
 * Returns the function that makes the network of a definition. It runs the user's function for the parameters that it
 * asks for. What goes wrong in the user's code, then or later, is told with its place.
 */
export function networkOf(loaded: LoadedDefinition): NetworkOf {
  const { definition, guarded } = loaded;
  return (shape) => {
    const network = ownNetwork(definition, shape, specsOf(loaded, shape));
    return {
      ...network,
      forward: (...args) => guarded(() => network.forward(...args)),
      losses: (...args) => guarded(() => network.losses(...args)),
      outputs: (...args) => guarded(() => network.outputs(...args)),
    };
  };
}

/** Returns the parameters and masks that a user's function asks for, which must be the same in every run. */
function specsOf({ definition, traced }: LoadedDefinition, shape: OwnShape): Specs {
  const runs: Specs[] = [];
  const network: Network = {
    tables: definition.options.tables ?? 'shared',
    parameters: [],
    masks: [],
    forward(inputs) {
      const scope = newScope();
      const tensors = runFunction(definition, shape, inputs, scope);
      runs.push(scope.asked());
      const [first, second] = runs;
      if (first !== undefined && second !== undefined && !isDeepStrictEqual(first, second))
        throw new ModelError(differenceText(first, second));
      return tensors;
    },
    losses: (tensors) => Object.entries(tensors).map(([name, value]) => ({ name, weight: 1, value: tf.sum(value) })),
    outputs: reachOutputs(shape),
  };
  const model = withInputs({ layout: shape.layout, wide: {} }, [], { graph: shape.graph, network });
  // Tracing runs the function at two batch sizes.
  traced(() => traceLoss(model));
  return runs[0] as Specs;
}

function differenceText(first: Specs, second: Specs): string {
  const names = ({ parameters, masks }: Specs) =>
    [...parameters, ...masks].map((spec) => `${spec.name} [${'shape' in spec ? spec.shape : spec.units}]`);
  const [one, other] = [names(first), names(second)];
  const differing = [...one.filter((name) => !other.includes(name)), ...other.filter((name) => !one.includes(name))];
  return `parameters differ from run to run: ${differing.join(', ') || 'in their order'}, expected the same in each`;
}
