/**
 * Entire Space Multi-Task Model: An Effective Approach for Estimating Post-Click Conversion Rate
 * (Ma et al., SIGIR 2018, arXiv 1804.07931), for any graph of stages.
 *
 *   p(y=1, z=1 | x) = p(y=1 | x) p(z=1 | y=1, x)        pCTCVR = pCTR pCVR                    (equation 1)
 *   L = sum over all impressions of  l(y, f(x; ctr))
 *     + sum over all impressions of  l(y & z, f(x; ctr) f(x; cvr))                            (equation 3)
 *
 * One tower per edge of the stage graph, all on the same embeddings. pCVR is never trained on clicked rows alone: it
 * falls out of the two probabilities that are observed on every impression.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MaskSpec, Network, NetworkShape, ParameterSpec } from '../network.ts';
import { logitCount, type Tower } from '../stage-graph.ts';

/** One tower of fully connected ReLU layers per edge, over a shared input. */
export function esmm({ graph, width, hiddenUnits }: NetworkShape): Network {
  return {
    parameters: graph.towers.flatMap((tower) => towerParameters(tower, width, hiddenUnits)),
    masks: graph.towers.flatMap(({ name }) =>
      hiddenUnits.map((units, layer): MaskSpec => ({ name: maskName(name, layer), units })),
    ),
    logits: (input, parameters, masks) =>
      Object.fromEntries(
        graph.towers.map(({ name }) => {
          let x = input;
          for (let layer = 0; layer <= hiddenUnits.length; layer++) {
            x = tf.add(tf.matMul(x as tf.Tensor2D, weightOf(parameters, name, layer)), biasOf(parameters, name, layer));
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
    // Without weights, the last layer gives every row the base rate, whatever the width of the numbers beneath.
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

function weightOf(parameters: Readonly<Record<string, tf.Tensor>>, tower: string, layer: number): tf.Tensor2D {
  return parameters[weightName(tower, layer)] as tf.Tensor2D;
}

function biasOf(parameters: Readonly<Record<string, tf.Tensor>>, tower: string, layer: number): tf.Tensor {
  return parameters[biasName(tower, layer)] as tf.Tensor;
}

const weightName = (tower: string, layer: number) => `${tower}.${layer}.weight`;
const biasName = (tower: string, layer: number) => `${tower}.${layer}.bias`;
const maskName = (tower: string, layer: number) => `${tower}.${layer}.mask`;
