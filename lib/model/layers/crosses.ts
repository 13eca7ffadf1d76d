/**
 * DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank Systems
 * (Wang et al., WWW 2021, arXiv 2008.13535).
 *
 *   x_{l+1} = x_0 * (W_l x_l + b_l) + x_l                                                     (equation 1)
 *   W_l = U_l V_l with U_l of `rank` columns, where a rank is given                           (equation 3)
 *
 * The result of `count` layers is a polynomial of degree `count` + 1 in the columns; with weights of 0 it is the input.
 *
 * Under towers the cross layers stand beside the hidden layers (the paper's parallel structure): a tower's logits are
 * those of its hidden layers and a linear function of the crossed columns. The towers share the cross layers where they
 * share their embeddings.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { CrossesChoice } from '../../config/declaration.ts';
import type { Network, NetworkShape } from '../network.ts';
import { logitCount } from '../stage-graph.ts';
import type { LogitTerms } from './bottom.ts';
import { type DenseShape, dense } from './dense.ts';
import { type Layer, type LayerInput, sequence } from './layer.ts';
import { matrixOf } from './linear.ts';

/** Cross layers over an input of so many columns. */
export interface CrossesShape extends Pick<DenseShape, 'name' | 'inputs' | 'columns'> {
  /** Number of layers. */
  readonly count: number;
  /** Rank of the layers' weights; `null` for full rank. @default null */
  readonly rank?: number | null;
}

/** Returns cross layers, which multiply the columns of their input with each other: [batch, inputs] as the input. */
export function crosses({ count, ...shape }: CrossesShape): Layer {
  const layers = Array.from({ length: count }, (_, i) => product({ ...shape, name: `${shape.name}.${i}` }));
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    masks: [],
    apply(input, parameters) {
      const first = matrixOf(input);
      const [linear, ...later] = layers.map((layer) => (x: LayerInput) => layer.apply(x, parameters));
      if (linear === undefined) return first;
      // The first product is computed from the parts of the input, the others from the matrix of the layer before.
      const second = tf.add(tf.mul(first, linear(input)), first);
      return later.reduce<tf.Tensor>((x, layer) => tf.add(tf.mul(first, layer(x)), x), second);
    },
  };
}

/** The linear layer W x + b of a cross layer. */
function product({ name, inputs, columns, rank = null }: Omit<CrossesShape, 'count'>): Layer {
  const read = { inputs, ...(columns && { columns }) };
  if (rank === null) return dense({ name, ...read, units: inputs });
  return sequence([
    dense({ name: `${name}.down`, ...read, units: rank, bias: null }),
    dense({ name: `${name}.up`, inputs: rank, units: inputs }),
  ]);
}

/** Returns the terms that cross layers add to the towers' logits. Their weights start at 0. */
export function crossTerms(
  { graph, width }: Pick<NetworkShape, 'graph' | 'width'>,
  { layers: count, rank }: CrossesChoice,
  tables: Network['tables'],
): LogitTerms {
  const read = { inputs: width, columns: [{ start: 0, count: width }] };
  const stack = (name: string) => crosses({ ...read, name, count, rank });
  const common = tables === 'shared' ? stack('crosses') : null;
  const towers = graph.towers.map((of) => ({
    name: of.name,
    own: common === null ? stack(`${of.name}.crosses`) : null,
    logits: dense({ ...read, name: `${of.name}.crosses`, units: logitCount(of), weight: 'zero', bias: null }),
  }));
  const stacks = [common, ...towers.map(({ own }) => own)].filter((layer) => layer !== null);
  return {
    parameters: [...stacks, ...towers.map(({ logits }) => logits)].flatMap(({ parameters }) => parameters),
    apply(inputs, parameters) {
      const shared = common?.apply(inputs[towers[0]?.name ?? ''] as LayerInput, parameters);
      return Object.fromEntries(
        towers.map(({ name, own, logits }) => {
          const crossed = own === null ? shared : own.apply(inputs[name] as LayerInput, parameters);
          return [name, logits.apply(crossed as tf.Tensor, parameters)];
        }),
      );
    },
  };
}
