/** What the graphs of a model compute, whatever the order of their nodes and the names inside them. */
import { createHash } from 'node:crypto';
import { traceLogits, traceScores } from '../../lib/engine/ort/scoring-graph.ts';
import { traceLoss, traceStep } from '../../lib/engine/ort/step-model.ts';
import type { Graph } from '../../lib/graph/graph.ts';
import type { Model } from '../../lib/model/model.ts';
import { firstWeights } from '../engine/first-weights.ts';
import { INPUTS } from '../engine/small-model.ts';

/** Digests of the formulas of a graph's outputs, by name. */
export type Formulas = Readonly<Record<string, string | undefined>>;

/**
 * Returns the formulas of every graph that a model of the small inputs is trained and scored by.
 *
 * @param rename returns the name of a parameter or mask in a model that it is compared with
 */
export function allFormulas(model: Model, rename = (name: string) => name): readonly Formulas[] {
  const weights = firstWeights(model, {}, 7);
  const zeros = Object.entries(weights.parameters).map(([name, { length }]) => [name, new Float32Array(length)]);
  const plain = { ...weights, parameters: Object.fromEntries(zeros) };
  const steps = [false, true].flatMap((hasMasks) =>
    ([null, 'user', 'item'] as const).map((shared) => traceStep(model, { hasMasks, shared }).graph),
  );
  const graphs = [traceLoss(model), ...steps, traceScores(model, INPUTS, plain), traceLogits(model, INPUTS, plain)];
  return graphs.map((graph) => formulas(graph, rename));
}

function formulas({ inputs, initializers, nodes, outputs }: Graph, rename: (name: string) => string): Formulas {
  const digest = (...parts: readonly unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  // Names of parameters and masks are behind a prefix: `gradient/click.0.weight`.
  const named = (name: string) =>
    name.replace(/^(\w+\/)?(.*)$/, (_, prefix = '', own = '') => `${prefix}${rename(own)}`);
  const known = new Map(inputs.map(({ name, type, shape }) => [name, digest(named(name), type, shape)]));
  for (const { name, type, shape, values } of initializers) {
    const isStored = name.includes('.');
    known.set(name, digest(isStored ? named(name) : '', type, shape, Array.from(values, String)));
  }
  for (const { op, attributes, inputs: from, outputs: to } of nodes) {
    const formula = digest(op, attributes, ...from.map((name) => known.get(name)));
    for (const [i, name] of to.entries()) known.set(name, digest(formula, i));
  }
  return Object.fromEntries(outputs.map(({ name }) => [named(name), known.get(name)]));
}
