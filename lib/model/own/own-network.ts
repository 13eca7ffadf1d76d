/** A user's model as a network: its function, run with the parameters that it is given, and what it returns, checked. */
import * as tf from '@tensorflow/tfjs-core';
import type { Layout } from '../fields.ts';
import { reachLosses } from '../losses/reach-cross-entropy.ts';
import type { LabelledBatch, Loss, Network, Tensors, TowerInput } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { crossEntropy, reachLogit } from '../reach.ts';
import { logitCount, type StageGraph } from '../stage-graph.ts';
import type { ByTower, LogitsContext, ModelContext, ModelDefinition, RowLoss } from './definition.ts';
import { Input } from './input.ts';
import { layersOf } from './layers.ts';
import { ModelError } from './model-error.ts';
import { knownScope, type Scope, type Specs } from './scope.ts';

/** What a user's model is made for. */
export interface OwnShape {
  readonly graph: StageGraph;
  readonly layout: Layout;
  readonly hiddenUnits: readonly number[];
}

/** Returns a user's model as a network, whose function asks for these parameters and masks. */
export function ownNetwork(definition: ModelDefinition, shape: OwnShape, specs: Specs): Network {
  const { graph } = shape;
  const { tables = 'shared', losses, outputs } = definition.options;
  const defaults = reachOutputs({ graph });
  const allOutputs = (tensors: Tensors): Tensors => {
    const own = outputs === undefined ? {} : outputs(logitsContext(graph, tensors));
    return { ...defaults(tensors), ...checkedOutputs(own, graph, rowsOf(graph, tensors)) };
  };
  return {
    tables,
    ...specs,
    forward(inputs, parameters, masks) {
      const scope = knownScope(specs, parameters, masks);
      const tensors = runFunction(definition, shape, inputs, scope);
      const asked = new Set(scope.asked().parameters.map(({ name }) => name));
      const missing = specs.parameters.find(({ name }) => !asked.has(name));
      if (missing !== undefined)
        throw new ModelError(
          `parameter ${missing.name} is not made in every run, expected the same parameters in each`,
        );
      return tensors;
    },
    losses:
      losses === undefined
        ? reachLosses({ graph })
        : (tensors, batch) => ownLosses(losses(lossContext(graph, tensors, batch)), graph, batch),
    // What calibration is fitted to, where the outputs are not those of the towers' logits.
    ...(outputs && { reach: (tensors: Tensors) => reachOf(graph, allOutputs(tensors)) }),
    outputs: allOutputs,
  };
}

/**
 * Runs a user's function and returns the tensors that it returns.
 * @throws {ModelError} where their names or shapes are others than expected.
 */
export function runFunction(
  { build, options }: ModelDefinition,
  { graph, layout, hiddenUnits }: OwnShape,
  inputs: Readonly<Record<string, TowerInput>>,
  scope: Scope,
): Tensors {
  const context = contextOf({ graph, layout, hiddenUnits }, options.tables === 'by-tower', inputs, scope);
  const rows = batchRows(Object.values(inputs)[0]);
  const returned = record('the function of defineModel', build(context));
  const { extras = [] } = options;
  const expected = [...graph.towers.map(({ name }) => name), ...extras];
  checkNames('the function of defineModel', Object.keys(returned), expected, expected);
  for (const tower of graph.towers)
    checkShape(`logits of ${tower.name}`, returned[tower.name], [rows ?? null, logitCount(tower)]);
  for (const name of extras) checkShape(name, returned[name], [rows ?? null, null]);
  return returned as Tensors;
}

function contextOf(
  { graph, layout, hiddenUnits }: OwnShape,
  isByTower: boolean,
  inputs: Readonly<Record<string, TowerInput>>,
  scope: Scope,
): ModelContext {
  const shared = new Map<TowerInput, Input>();
  const ofTower = (name: string): Input => {
    const parts = inputs[name] as TowerInput;
    const input = shared.get(parts) ?? new Input(layout, parts);
    shared.set(parts, input);
    return input;
  };
  const byTower = Object.fromEntries(graph.towers.map(({ name }) => [name, ofTower(name)]));
  return {
    tf,
    inputs: byName('inputs', byTower),
    get input() {
      if (isByTower)
        throw new ModelError(`input: with tables "by-tower" each tower has its own, expected inputs.<tower>`);
      return Object.values(byTower)[0] as Input;
    },
    layers: layersOf({ graph, hiddenUnits, scope }),
    hiddenUnits,
    graph,
  };
}

function logitsContext(graph: StageGraph, tensors: Tensors): LogitsContext {
  return {
    tf,
    logits: byName('logits', tensors),
    graph,
    reach: (stage, from = graph.root) => reachLogit(graph, tensors, from, stage),
  };
}

function lossContext(graph: StageGraph, tensors: Tensors, { labels }: LabelledBatch) {
  return { ...logitsContext(graph, tensors), labels: byName('labels', labels), crossEntropy };
}

/** Returns the weighted means of the rows' losses. */
function ownLosses(returned: unknown, graph: StageGraph, { weights }: LabelledBatch): Loss[] {
  const byName = record('losses', returned);
  const stages = new Map(graph.labelled.map(({ name, weight }) => [name, weight]));
  const names = [...stages.keys()].join(', ');
  if (Object.keys(byName).length === 0) throw new ModelError(`losses: got none, expected one or more by name`);
  return Object.entries(byName).map(([name, value]) => {
    const { rows, stage, weight }: RowLoss = isTensor(value) ? { rows: value, stage: name } : (value as RowLoss);
    const known = weights[stage];
    if (known === undefined)
      throw new ModelError(
        `loss ${name}: got ${isTensor(value) ? 'no stage' : `stage ${JSON.stringify(stage)}`}, expected { rows, stage } with one of ${names}`,
      );
    if (weight !== undefined && !Number.isFinite(weight))
      throw new ModelError(`loss ${name}: got weight ${weight}, expected a number`);
    checkShape(`loss ${name}`, rows, known.shape);
    return { name, weight: weight ?? (stages.get(stage) as number), value: tf.sum(tf.mul(known, rows)) };
  });
}

function checkedOutputs(returned: unknown, { outputs }: StageGraph, rows: number): Tensors {
  const byName = record('outputs', returned);
  const names = outputs.map(({ name }) => name);
  checkNames('outputs', Object.keys(byName), [], names);
  return Object.fromEntries(
    Object.entries(byName).map(([name, value]) => {
      if (isTensor(value) && value.shape.length === 1 && value.shape[0] === rows) return [name, value];
      checkShape(`output ${name}`, value, [rows, 1]);
      return [name, tf.reshape(value as tf.Tensor, [-1])];
    }),
  );
}

/** Returns the logits [batch, 1] of the probabilities of reaching each stage from the root. */
function reachOf({ root, outputs }: StageGraph, values: Tensors): Tensors {
  return Object.fromEntries(
    outputs
      .filter(({ from }) => from === root)
      .map(({ name, to }) => {
        const value = tf.clipByValue(values[name] as tf.Tensor, LEAST_PROBABILITY, GREATEST_PROBABILITY);
        return [to, tf.expandDims(tf.sub(tf.log(value), tf.log(tf.sub(1, value))), 1)];
      }),
  );
}

/** The probabilities next to 0 and 1 whose logits are finite in float32. */
const [LEAST_PROBABILITY, GREATEST_PROBABILITY] = [1e-30, 1 - 2 ** -24];

function rowsOf({ towers }: StageGraph, tensors: Tensors): number {
  return tensors[towers[0]?.name as string]?.shape[0] as number;
}

function batchRows(input: TowerInput | undefined): number | undefined {
  const part = input?.[0];
  return (part?.rows ?? part?.values)?.shape[0];
}

/** Returns values by name that refuse a name which is not among them. */
function byName<T>(what: string, values: Readonly<Record<string, T>>): ByTower<T> {
  return new Proxy(values, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
      if (!Object.hasOwn(target, name))
        throw new ModelError(`${what}.${name}: expected one of ${Object.keys(target).join(', ')}`);
      return target[name];
    },
  }) as ByTower<T>;
}

function record(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (value instanceof Promise) {
    value.catch(() => undefined);
    throw new ModelError(`${what} returned a promise, expected tensors by name: nothing can be awaited in a trace`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isTensor(value))
    throw new ModelError(`${what} returned ${kindOf(value)}, expected tensors by name`);
  return value as Readonly<Record<string, unknown>>;
}

function checkNames(
  what: string,
  got: readonly string[],
  required: readonly string[],
  allowed: readonly string[],
): void {
  const isComplete = required.every((name) => got.includes(name)) && got.every((name) => allowed.includes(name));
  if (!isComplete)
    throw new ModelError(`${what} returned ${got.join(', ') || 'nothing'}, expected ${allowed.join(', ')}`);
}

/** Checks a shape, of which `null` is any size; the first size is that of the batch. */
function checkShape(what: string, value: unknown, expected: readonly (number | null)[]): void {
  const sizes = expected.slice(1).map((size) => size ?? 'n');
  const text = `a tensor [${['batch', ...sizes].join(', ')}]`;
  if (!isTensor(value)) throw new ModelError(`${what}: got ${kindOf(value)}, expected ${text}`);
  const { shape, dtype } = value;
  const isRight = shape.length === expected.length && shape.every((size, i) => size === (expected[i] ?? size));
  const got = shape.map((size, i) => (i === 0 && size === expected[0] ? 'batch' : size)).join(', ');
  if (!isRight) throw new ModelError(`${what}: got a tensor [${got}], expected ${text}`);
  if (dtype !== 'float32') throw new ModelError(`${what}: got a tensor of ${dtype}, expected float32`);
}

function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

function kindOf(value: unknown): string {
  if (isTensor(value)) return 'a tensor';
  if (Array.isArray(value)) return 'a list';
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
