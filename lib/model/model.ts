import type { Declaration, ModelChoice } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from '../table/encoded.ts';
import { type Embeddings, embeddingsOf } from './embeddings.ts';
import { type Layout, layoutOf } from './fields.ts';
import { MODELS } from './models/index.ts';
import type { Network } from './network.ts';
import { type StageGraph, stageGraph } from './stage-graph.ts';

/** A model before it has parameters: what is predicted, from what, and by which function. */
export interface Model {
  readonly graph: StageGraph;
  /** How a tower's input is laid out. */
  readonly layout: Layout;
  readonly embeddings: Embeddings;
  readonly network: Network;
}

/** The model that a declaration describes, for the inputs and tables of its fitted encoder. */
export function declaredModel(
  declaration: Declaration,
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
): Model {
  return modelOf(stageGraph(declaration), declaration.model, inputs, tables);
}

/** The model of a stage graph, as chosen, for the inputs and tables of an encoder. */
export function modelOf(
  graph: StageGraph,
  { type, hiddenUnits, fields }: ModelChoice,
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
): Model {
  const layout = layoutOf(inputs, tables, fields);
  const network = MODELS[type]({ graph, width: layout.width, hiddenUnits });
  return { graph, layout, embeddings: embeddingsOf(graph, layout, tables, network), network };
}
