/** Towers of fully connected ReLU layers, one for each tower of the stage graph. */
import * as tf from '@tensorflow/tfjs-core';
import type { MaskSpec, Network, NetworkShape, ParameterSpec, Tensors, TowerInput } from '../network.ts';
import { logitCount, type Tower } from '../stage-graph.ts';
import { linear } from './linear.ts';

/**
 * Returns the parameters, masks and forward pass of a network that consists of towers only. The forward pass returns
 * the logits [batch, 1 or more] of each tower, by tower name.
 */
export function towers({ graph, width, hiddenUnits }: NetworkShape): Pick<Network, 'parameters' | 'masks' | 'forward'> {
  return {
    parameters: graph.towers.flatMap((tower) => towerParameters(tower, width, hiddenUnits)),
    masks: graph.towers.flatMap(({ name }) =>
      hiddenUnits.map((units, layer): MaskSpec => ({ name: maskName(name, layer), units })),
    ),
    forward: (inputs, parameters, masks) =>
      Object.fromEntries(
        graph.towers.map(({ name }) => {
          let x = linear(inputs[name] as TowerInput, weightOf(parameters, name, 0));
          for (let layer = 0; layer <= hiddenUnits.length; layer++) {
            if (layer > 0) x = tf.matMul(x as tf.Tensor2D, weightOf(parameters, name, layer));
            x = tf.add(x, biasOf(parameters, name, layer));
            if (layer === hiddenUnits.length) break;
            x = tf.relu(x);
            const mask = masks?.[maskName(name, layer)];
            if (mask !== undefined) x = tf.mul(x, mask);
          }
          return [name, x];
        }),
      ),
  };
}

function towerParameters(tower: Tower, width: number, hiddenUnits: readonly number[]): ParameterSpec[] {
  const units = [width, ...hiddenUnits, logitCount(tower)];
  return units.slice(1).flatMap((outputs, layer): ParameterSpec[] => {
    const isLast = layer === hiddenUnits.length;
    const weight = { name: weightName(tower.name, layer), shape: [units[layer] as number, outputs] };
    const bias = { name: biasName(tower.name, layer), shape: [outputs] };
    // The last layer's weights start at 0, so that every row starts at the base rate, however large its numbers are.
    return isLast
      ? [
          { ...weight, start: 'zero' },
          { ...bias, start: { baseRatesOf: tower.name } },
        ]
      : [
          { ...weight, start: 'glorot' },
          { ...bias, start: 'zero' },
        ];
  });
}

function weightOf(parameters: Tensors, tower: string, layer: number): tf.Tensor2D {
  return parameters[weightName(tower, layer)] as tf.Tensor2D;
}

function biasOf(parameters: Tensors, tower: string, layer: number): tf.Tensor {
  return parameters[biasName(tower, layer)] as tf.Tensor;
}

const weightName = (tower: string, layer: number) => `${tower}.${layer}.weight`;
const biasName = (tower: string, layer: number) => `${tower}.${layer}.bias`;
const maskName = (tower: string, layer: number) => `${tower}.${layer}.mask`;
