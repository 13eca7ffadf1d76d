/**
 * The towers of a network: one for each tower of the stage graph, and further heads where a network has them. Each is
 * hidden layers on the bottom of the network, and logits, to which cross layers and wide features may add terms.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Network, NetworkShape, ParameterSpec, Tensors } from '../network.ts';
import { logitCount, type Tower } from '../stage-graph.ts';
import { type Bottom, inputBottom } from './bottom.ts';
import { crossTerms } from './crosses.ts';
import { type DenseShape, dense, type HiddenShape, hidden } from './dense.ts';
import { experts } from './experts.ts';
import { type Layer, type LayerInput, sequence } from './layer.ts';
import { wideTerms } from './wide.ts';

/** What a network's towers are. */
export interface TowersOptions {
  /** Whether the towers look up the same embedding tables, or each has its own. @default shared */
  readonly tables?: Network['tables'];
  /** Heads besides the towers of the stage graph. @default none */
  readonly heads?: readonly Head[];
  /** Initial bias of a tower's logits. @default the base rates of its stages */
  readonly bias?: (of: Tower) => ParameterSpec['start'];
}

/** A head that is no tower of the stage graph. Its logits start at 0. */
export interface Head {
  readonly name: string;
  /** Name of the tower whose hidden layers read the same as those of the head. */
  readonly reads: string;
  /** Number of its logits. @default 1 */
  readonly logits?: number;
}

/** The parts of a network that consists of towers only. */
export type Towers = Pick<Network, 'tables' | 'parameters' | 'masks' | 'forward'>;

/**
 * Returns the parameters, masks and forward pass of a network that consists of towers only. The forward pass returns
 * the logits [batch, 1 or more] of each tower, by tower name, and those of each further head by its name.
 *
 * @throws {RangeError} where experts are shared by towers that share no embedding tables.
 */
export function towers(shape: NetworkShape, options: TowersOptions = {}): Towers {
  const { tables, parameters, masks, hidden: lastHidden, logits: logitsOf } = towerLayers(shape, options);
  return {
    tables,
    parameters,
    masks,
    forward: (inputs, weights, dropped) => logitsOf(lastHidden(inputs, weights, dropped), inputs, weights),
  };
}

/** Towers whose last hidden layers a network can change before their logits are computed. */
export interface TowerLayers extends Omit<Towers, 'forward'> {
  /** Units of the last hidden layer. */
  readonly units: number;
  /** Returns the last hidden layer [batch, units] of each tower and head, by name. */
  hidden(...given: Parameters<Network['forward']>): Tensors;
  /** Returns the logits of each tower and head, by name, from such layers. */
  logits(hidden: Tensors, ...given: Parameters<Network['forward']>): Tensors;
}

/** Returns the layers of a network's towers; the arguments are those of `towers`. */
export function towerLayers(shape: NetworkShape, options: TowersOptions = {}): TowerLayers {
  const { tables = 'shared', heads = [], bias } = options;
  const { graph, hiddenUnits: units } = shape;
  const bottom = bottomOf(shape, tables);
  const last = units.at(-1) as number;
  const logitsName = (name: string) => `${name}.${units.length}`;
  const read = {
    inputs: bottom.width,
    ...(bottom.columns && { columns: bottom.columns }),
    ...(shape.experts && { heTimes: 1 }),
  };
  const all = [
    ...graph.towers.map((of) => {
      return {
        name: of.name,
        reads: of.name,
        logits: logits({ of, name: logitsName(of.name), inputs: last, ...(bias && { bias: bias(of) }) }),
      };
    }),
    ...heads.map(({ name, reads, logits: count = 1 }) => {
      return { name, reads, logits: dense({ name: logitsName(name), inputs: last, units: count, weight: 'zero' }) };
    }),
  ].map((one) => ({ ...one, hidden: hidden({ ...read, name: one.name, units }) }));
  const terms = [
    ...(shape.crosses ? [crossTerms(shape, shape.crosses, tables)] : []),
    ...(shape.wide ? [wideTerms(graph, shape.wide)] : []),
  ];
  const layers = all.flatMap((one) => [one.hidden, one.logits]);
  return {
    tables,
    units: last,
    parameters: [bottom, ...layers, ...terms].flatMap((part) => part.parameters),
    masks: [bottom, ...layers].flatMap((part) => part.masks),
    hidden(inputs, parameters, masks) {
      const lowest = bottom.apply(inputs, parameters, masks);
      return Object.fromEntries(
        all.map((one) => [one.name, one.hidden.apply(lowest[one.reads] as LayerInput, parameters, masks)]),
      );
    },
    logits(lastHidden, inputs, parameters) {
      const added = terms.map((term) => term.apply(inputs, parameters));
      return Object.fromEntries(
        all.map(({ name, logits: layer }) => {
          const own = layer.apply(lastHidden[name] as tf.Tensor, parameters);
          const more = added.map((ofTower) => ofTower[name]).filter((term) => term !== undefined);
          return [name, more.reduce((a, b) => tf.add(a, b), own)];
        }),
      );
    },
  };
}

function bottomOf({ graph, width, experts: choice }: NetworkShape, tables: Network['tables']): Bottom {
  if (!choice) return inputBottom(width);
  if (tables === 'by-tower')
    throw new RangeError('experts: got towers with embedding tables of their own, expected shared ones');
  return experts({ ...choice, towers: graph.towers.map(({ name }) => name), width });
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
  /** @default the base rates of the tower's stages */
  readonly bias?: ParameterSpec['start'];
  readonly of: Tower;
}

/**
 * Returns the layer of a tower's logits. Its weights start at 0, so that every row starts at the base rate, however
 * large its numbers are.
 */
export function logits({ of, name, inputs, columns, bias = { baseRatesOf: of.name } }: LogitsShape): Layer {
  return dense({ name, inputs, units: logitCount(of), weight: 'zero', bias, ...(columns && { columns }) });
}
