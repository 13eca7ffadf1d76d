import type { Declaration } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from '../table/encoded.ts';
import { type Layout, layoutOf } from './fields.ts';
import { networkOf } from './models/index.ts';
import type { Network } from './network.ts';
import { type StageGraph, stageGraph } from './stage-graph.ts';

/** A model before it has parameters: what is predicted, from what, and by which function. */
export interface Model {
  readonly graph: StageGraph;
  readonly layout: Layout;
  readonly network: Network;
}

/** The model that a declaration describes, for the inputs and tables of its fitted encoder. */
export function declaredModel(
  declaration: Declaration,
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
): Model {
  const graph = stageGraph(declaration);
  const { type, hiddenUnits, fields } = declaration.model;
  const layout = layoutOf(inputs, tables, fields);
  return { graph, layout, network: networkOf(type, { graph, width: layout.width, hiddenUnits }) };
}
