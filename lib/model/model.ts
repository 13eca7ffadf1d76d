import type { Declaration, ModelChoice } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from '../table/encoded.ts';
import { type Embeddings, embeddingsOf, type WideLayouts, wideLayouts, withPooling } from './embeddings.ts';
import { type Layout, layoutOf } from './fields.ts';
import { MODELS } from './models/index.ts';
import type { Network, NetworkPart } from './network.ts';
import type { OwnShape } from './own/own-network.ts';
import { entirePart } from './parts/entire-part.ts';
import { type StageGraph, stageGraph } from './stage-graph.ts';

/** A model without the values of its parameters: the stages that it predicts, its inputs, and its network. */
export interface Model {
  readonly graph: StageGraph;
  /** The columns of a tower's input. */
  readonly layout: Layout;
  /** The columns of each tower's wide input. */
  readonly wide: WideLayouts;
  readonly embeddings: Embeddings;
  readonly network: Network;
}

/** A model that is trained by itself. */
export interface TrainedModelPart {
  /** Name of the part of the whole model; `null` for the whole. */
  readonly name: string | null;
  readonly model: Model;
}

/** Makes a network for stages and inputs. A user's model file has one, in place of a type of the family. */
export type NetworkOf = (shape: OwnShape) => Network;

/**
 * Returns the model that a declaration describes, for the inputs and tables of its fitted encoder.
 *
 * @param own the network of `model.file`; `null` where the declaration names none
 * @throws {RangeError} where the network of a file is missing, or given without one.
 */
export function declaredModel(
  declaration: Declaration,
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
  own: NetworkOf | null,
): Model {
  const { model } = declaration;
  if ((model.file === null) !== (own === null))
    throw new RangeError(
      `network of a model file: got ${own === null ? 'none' : 'one'}, with model.file ${model.file}`,
    );
  return modelOf(stageGraph(declaration), model, inputs, tables, own);
}

/** The choice of a model; what may be left out is none. */
export type ModelSizes = Pick<ModelChoice, 'type' | 'fields' | 'hiddenUnits'> & Partial<ModelChoice>;

/**
 * Returns the model of the chosen type, or of a network of one's own, for a stage graph and for the inputs and tables of
 * an encoder.
 */
export function modelOf(
  graph: StageGraph,
  { type, fields, wide: features = [], ...shape }: ModelSizes,
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
  own: NetworkOf | null = null,
): Model {
  const layout = layoutOf(inputs, tables, fields);
  const wide = wideLayouts(graph, inputs, tables, features);
  const network = (own ?? MODELS[type])({
    ...shape,
    graph,
    layout,
    width: layout.width,
    wide: Object.fromEntries(Object.entries(wide).map(([tower, { width }]) => [tower, width])),
  });
  return withInputs({ layout, wide }, tables, { graph, network });
}

/**
 * Returns the model of one stage alone, of the sizes of the declared one: the probability of reaching the stage from the
 * root, under the name of the stage.
 */
export function stageModel(
  declaration: Declaration,
  stage: string,
  { inputs, tables }: { readonly inputs: readonly InputSpec[]; readonly tables: readonly TableSpec[] },
): Model {
  // Experts are for towers that share them; what wide features remember is left to the model itself.
  const { fields, experts, wide, ...shape } = declaration.model;
  const layout = layoutOf(inputs, tables, fields);
  const part = entirePart({ ...shape, graph: stageGraph(declaration), width: layout.width }, stage);
  return withInputs({ layout, wide: {} }, tables, part);
}

/** Returns the models that are trained one after the other to train a model: its parts, or itself if it has none. */
export function trainedParts(model: Model, tables: readonly TableSpec[]): readonly TrainedModelPart[] {
  const { layout, wide, network } = model;
  if (network.parts === undefined) return [{ name: null, model }];
  return network.parts.map((part) => ({ name: part.name, model: withInputs({ layout, wide }, tables, part) }));
}

/** Returns the columns that a model's losses read, each with a value and a weight for each row: labels by stage, others. */
export function targetsOf({ graph, network }: Model): readonly { readonly name: string }[] {
  return [...graph.labelled, ...(network.targets ?? []).map((name) => ({ name }))];
}

/** Returns the stages whose propensities a model needs to choose its rows. */
export function propensityStages({ network }: Model): readonly string[] {
  const networks = [network, ...(network.parts ?? []).map((part) => part.network)];
  return [...new Set(networks.flatMap(({ rows }) => rows?.propensityOf ?? []))];
}

/** Returns a network with its inputs: embedding tables, and the layers that pool sequences. */
export function withInputs(
  { layout, wide }: Pick<Model, 'layout' | 'wide'>,
  tables: readonly TableSpec[],
  { graph, network }: Pick<NetworkPart, 'graph' | 'network'>,
): Model {
  const embeddings = embeddingsOf(graph, layout, tables, network, wide);
  return { graph, layout, wide, embeddings, network: withPooling(network, { graph, layout, wide }) };
}
