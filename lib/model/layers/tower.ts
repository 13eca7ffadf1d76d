/** Towers of fully connected ReLU layers, one for each tower of the stage graph. */
import type { Network, NetworkShape, ParameterSpec, TowerInput } from '../network.ts';
import { logitCount, type Tower } from '../stage-graph.ts';
import { type DenseShape, dense, type HiddenShape, hidden } from './dense.ts';
import { type Layer, sequence } from './layer.ts';

/**
 * Returns the parameters, masks and forward pass of a network that consists of towers only. The forward pass returns
 * the logits [batch, 1 or more] of each tower, by tower name.
 */
export function towers({ graph, width, hiddenUnits }: NetworkShape): Pick<Network, 'parameters' | 'masks' | 'forward'> {
  const columns = [{ start: 0, count: width }];
  const layers = graph.towers.map((of) => tower({ of, inputs: width, units: hiddenUnits, columns }));
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    masks: layers.flatMap(({ masks }) => masks),
    forward: (inputs, parameters, masks) =>
      Object.fromEntries(
        graph.towers.map(({ name }, i) => [
          name,
          (layers[i] as Layer).apply(inputs[name] as TowerInput, parameters, masks),
        ]),
      ),
  };
}

/** A tower: hidden layers, and its logits. */
export interface TowerShape extends Omit<HiddenShape, 'name'> {
  /** The tower of the stage graph; the layers are named after it. */
  readonly of: Tower;
}

/** Returns hidden layers and the layer of the logits [batch, 1 or more]. */
export function tower({ of, units, ...shape }: TowerShape): Layer {
  const name = `${of.name}.${units.length}`;
  const last = units.at(-1);
  if (last === undefined) return logits({ ...shape, of, name });
  return sequence([hidden({ ...shape, name: of.name, units }), logits({ of, name, inputs: last })]);
}

/** The logits of a tower, which are linear in the layer's input. */
export interface LogitsShape extends Pick<DenseShape, 'name' | 'inputs' | 'columns'> {
  readonly of: Tower;
}

/**
 * Returns the layer of a tower's logits. Its weights start at 0, so that every row starts at the base rate, however
 * large its numbers are.
 */
export function logits({ of, name, inputs, columns }: LogitsShape): Layer {
  const bias: ParameterSpec['start'] = { baseRatesOf: of.name };
  return dense({ name, inputs, units: logitCount(of), weight: 'zero', bias, ...(columns && { columns }) });
}
