/** The embedding tables of a model, and the columns of the embedded matrix that each tower reads. */
import * as tf from '@tensorflow/tfjs-core';
import type { Entity } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from '../table/encoded.ts';
import { embed, type Field, type Layout, layoutOf } from './fields.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';
import { type Network, type Tensors, type TowerInput, wideInput } from './network.ts';
import { poolersOf } from './sequences.ts';
import { logitCount, type StageGraph } from './stage-graph.ts';
import { type EmbeddedRows, type SharedRows, splitColumns, towerInput } from './tower-input.ts';

/** An embedding table of the model: one of the encoder's, or a tower's own copy of one. */
export interface ModelTable extends TableSpec {
  /** Name of the encoder's table whose ids are row numbers of this one. */
  readonly ids: string;
  /** Initial values: small random ones, or 0. */
  readonly start: 'normal' | 'zero';
}

/** A field, with `offset` counted in the columns of the whole embedded matrix. */
export interface EmbeddedField extends Field {
  /** Name of the model's table that it is gathered from. */
  readonly table: string;
  /** The labelled stage that a row must have reached to train the table; `null` where every row does. */
  readonly trainedOn: string | null;
}

/** A model's embedding tables, and the layout of the matrix [batch, width] into which a batch's rows are gathered. */
export interface Embeddings {
  readonly tables: readonly ModelTable[];
  readonly fields: readonly EmbeddedField[];
  /** Number of columns of the embedded matrix. */
  readonly width: number;
}

/** The layouts of the wide features, by tower name; none where no feature is wide. */
export type WideLayouts = Readonly<Record<string, Layout>>;

/**
 * Lays out the wide features of each tower. Each of their values has a row of the tower's logits in a table of the
 * tower, and the rows of an entity's features are added up.
 */
export function wideLayouts(
  { towers }: StageGraph,
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
  features: readonly string[],
): WideLayouts {
  const own = inputs.filter(({ name }) => features.includes(name));
  if (own.length === 0) return {};
  return Object.fromEntries(
    towers.map((tower) => {
      const ofLogits = tables.map((table) => ({ ...table, dimension: logitCount(tower) }));
      return [tower.name, layoutOf(own, ofLogits, 'sum_by_entity')];
    }),
  );
}

/** The inputs of towers that are made of one block of columns of the embedded matrix. */
interface Reader {
  /** What the names of its tables begin with. */
  readonly prefix: string;
  readonly layout: Layout;
  /** The only tower that reads it; `null` where all do. */
  readonly tower: string | null;
  /** The network's inputs that it is. */
  readonly inputs: readonly string[];
  /** The dimension of its tables, which start at 0; `null` for those of the encoder, which start at random. */
  readonly logits: number | null;
}

/** Lays out the embedded matrix: one block of columns for each reader, side by side. */
export function embeddingsOf(
  graph: StageGraph,
  layout: Layout,
  tables: readonly TableSpec[],
  { tables: sharing, trainedOn }: Pick<Network, 'tables' | 'trainedOn'>,
  wide: WideLayouts = {},
): Embeddings {
  let width = 0;
  const blocks = readersOf({ graph, layout, wide, network: { tables: sharing } }).map((reader) => {
    const start = width;
    width += reader.layout.embeddedWidth;
    return { ...reader, start };
  });
  return {
    tables: blocks.flatMap(({ prefix, logits, layout: own }) =>
      tables
        .filter(({ name }) => logits === null || own.fields.some(({ input }) => input.table === name))
        .map(({ name, rows, dimension }): ModelTable => {
          const shape =
            logits === null
              ? ({ dimension, start: 'normal' } as const)
              : ({ dimension: logits, start: 'zero' } as const);
          return { name: `${prefix}${name}`, ids: name, rows, ...shape };
        }),
    ),
    fields: blocks.flatMap(({ prefix, layout: own, tower, start }) =>
      own.fields.map((field) => ({
        ...field,
        table: `${prefix}${field.input.table}`,
        offset: field.offset + start,
        trainedOn: (tower === null ? undefined : trainedOn?.[tower]) ?? null,
      })),
    ),
    width,
  };
}

/** Returns the columns of the embedded matrices of the rows and of the shared rows, if an entity's rows are shared. */
export function embeddedWidths(
  { embeddings }: { readonly embeddings: Embeddings },
  shared: Entity | null,
): { readonly rows: number; readonly shared: number } {
  const ofShared = embeddings.fields
    .filter(({ input }) => input.entity === shared)
    .reduce((sum, { width }) => sum + width, 0);
  return { rows: embeddings.width - ofShared, shared: ofShared };
}

/** The parts of a model that the functions below use. */
interface EmbeddingModel {
  readonly graph: StageGraph;
  readonly layout: Layout;
  readonly wide: WideLayouts;
  readonly network: Pick<Network, 'tables'>;
}

/**
 * Gathers the embedded matrix [batch, width] from the model's tables [rows, dimension]; returns `null` where no input
 * is embedded.
 */
export function embedRows(model: EmbeddingModel, tables: Tensors, encoded: EncodedTensors): tf.Tensor | null {
  const parts = readersOf(model).map(({ prefix, layout }) => {
    const own = layout.fields.map(({ input }) => [input.table, tables[`${prefix}${input.table}`] as tf.Tensor]);
    return embed(layout, Object.fromEntries(own), encoded);
  });
  const matrices = parts.filter((part) => part !== null);
  return matrices.length < 2 ? (matrices[0] ?? null) : tf.concat(matrices, 1);
}

/**
 * Returns the network's inputs, by name, from the rows of a batch. The embedded matrices, [rows, columns of all
 * readers], have the columns of one reader after the other.
 *
 * @param parameters those of the layers that pool sequences are among them
 */
export function towerInputs(
  model: EmbeddingModel,
  parameters: Tensors,
  rows: EmbeddedRows,
  shared?: SharedRows,
): Record<string, TowerInput> {
  const readers = readersOf(model);
  const ofShared = readers.map(({ layout }) => widthOf(layout, shared?.entity));
  const ofRows = readers.map(({ layout }, place) => layout.embeddedWidth - (ofShared[place] as number));
  const [own, common] = [splitColumns(rows.embedded, ofRows), splitColumns(shared?.embedded ?? null, ofShared)];
  return Object.fromEntries(
    readers.flatMap(({ prefix, layout, inputs }, place) => {
      const input = towerInput(
        layout,
        { ...rows, embedded: own[place] as tf.Tensor | null },
        shared && { ...shared, embedded: common[place] as tf.Tensor | null },
        { prefix, parameters },
      );
      return inputs.map((name) => [name, input] as const);
    }),
  );
}

/** Returns a network with the parameters of the layers that pool the sequences of its towers' inputs. */
export function withPooling(network: Network, model: Omit<EmbeddingModel, 'network'>): Network {
  const parameters = readersOf({ ...model, network }).flatMap(({ prefix, layout }) =>
    [...poolersOf(layout, prefix).values()].flatMap((pooler) => pooler.parameters),
  );
  return parameters.length === 0 ? network : { ...network, parameters: [...network.parameters, ...parameters] };
}

function widthOf({ parts }: Layout, of: Entity | undefined): number {
  return parts.find(({ entity }) => entity === of)?.embeddedWidth ?? 0;
}

function readersOf({ graph, layout, wide, network }: EmbeddingModel): readonly Reader[] {
  const names = graph.towers.map(({ name }) => name);
  const whole = { layout, logits: null };
  const plain: Reader[] =
    network.tables === 'shared'
      ? [{ ...whole, prefix: '', tower: null, inputs: names }]
      : names.map((name) => ({ ...whole, prefix: `${name}.`, tower: name, inputs: [name] }));
  const wideReaders = graph.towers.flatMap((tower): Reader[] => {
    const { name } = tower;
    const own = wide[name];
    if (own === undefined) return [];
    return [
      { prefix: `${name}.wide.`, layout: own, tower: name, inputs: [wideInput(name)], logits: logitCount(tower) },
    ];
  });
  return [...plain, ...wideReaders];
}
