/** The embedding tables of a model, and the columns of the embedded matrix that each tower reads. */
import * as tf from '@tensorflow/tfjs-core';
import type { Entity } from '../config/declaration.ts';
import type { TableSpec } from '../table/encoded.ts';
import { type EmbeddedRows, embed, type Field, type Layout, type SharedRows, towerInput } from './fields.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';
import type { Network, Tensors, TowerInput } from './network.ts';
import type { StageGraph } from './stage-graph.ts';

/** An embedding table of the model: one of the encoder's, or a tower's own copy of one. */
export interface ModelTable extends TableSpec {
  /** Name of the encoder's table whose ids are row numbers of this one. */
  readonly ids: string;
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

/** The towers that read a block of columns of the embedded matrix: all of them (`SHARED`), or the one of that name. */
const SHARED = null;
type Reader = string | typeof SHARED;

/** Lays out the embedded matrix: one block of columns for all towers together, or one for each tower, side by side. */
export function embeddingsOf(
  graph: StageGraph,
  layout: Layout,
  tables: readonly TableSpec[],
  { tables: sharing, trainedOn }: Pick<Network, 'tables' | 'trainedOn'>,
): Embeddings {
  const readers: readonly Reader[] = readersOf(graph, sharing);
  return {
    tables: readers.flatMap((reader) =>
      tables.map((table) => ({ ...table, name: tableName(reader, table.name), ids: table.name })),
    ),
    fields: readers.flatMap((reader, place) =>
      layout.fields.map((field) => ({
        ...field,
        table: tableName(reader, field.input.table),
        offset: field.offset + place * layout.embeddedWidth,
        trainedOn: (reader === SHARED ? undefined : trainedOn?.[reader]) ?? null,
      })),
    ),
    width: readers.length * layout.embeddedWidth,
  };
}

/** Returns the columns of the embedded matrices of the rows and of the shared rows, if an entity's rows are shared. */
export function embeddedWidths(
  { layout, embeddings }: { readonly layout: Layout; readonly embeddings: Embeddings },
  shared: Entity | null,
): { readonly rows: number; readonly shared: number } {
  const readers = layout.embeddedWidth === 0 ? 0 : embeddings.width / layout.embeddedWidth;
  const width = layout.parts.find(({ entity }) => entity === shared)?.embeddedWidth ?? 0;
  return { rows: embeddings.width - readers * width, shared: readers * width };
}

/** The parts of a model that the functions below use. */
interface EmbeddingModel {
  readonly graph: StageGraph;
  readonly layout: Layout;
  readonly network: Pick<Network, 'tables'>;
}

/**
 * Gathers the embedded matrix [batch, width] from the model's tables [rows, dimension]; returns `null` where no input
 * is embedded.
 */
export function embedRows(
  { graph, layout, network }: EmbeddingModel,
  tables: Tensors,
  encoded: EncodedTensors,
): tf.Tensor | null {
  const parts = readersOf(graph, network.tables).map((reader) => {
    const own = layout.fields.map(({ input }) => [input.table, tables[tableName(reader, input.table)] as tf.Tensor]);
    return embed(layout, Object.fromEntries(own), encoded);
  });
  const matrices = parts.filter((part) => part !== null);
  return matrices.length < 2 ? (matrices[0] ?? null) : tf.concat(matrices, 1);
}

/**
 * Returns each tower's input, by tower name, from the rows of a batch. The embedded matrices, [rows, columns of all
 * readers], have the columns of one reader after the other.
 */
export function towerInputs(
  { graph, layout, network }: EmbeddingModel,
  rows: EmbeddedRows,
  shared?: SharedRows,
): Record<string, TowerInput> {
  const readers = readersOf(graph, network.tables);
  const own = byReader(readers, rows.embedded);
  const ofShared = byReader(readers, shared?.embedded ?? null);
  const inputs = readers.map((_, place) =>
    towerInput(
      layout,
      { ...rows, embedded: own[place] as tf.Tensor | null },
      shared && { ...shared, embedded: ofShared[place] as tf.Tensor | null },
    ),
  );
  return Object.fromEntries(
    graph.towers.map(({ name }, place) => [name, inputs[network.tables === 'shared' ? 0 : place] as TowerInput]),
  );
}

/** Splits an embedded matrix into the columns of each reader. */
function byReader(readers: readonly Reader[], embedded: tf.Tensor | null): readonly (tf.Tensor | null)[] {
  if (embedded === null || readers.length === 1) return readers.map(() => embedded);
  return tf.split(embedded, readers.length, 1);
}

function readersOf(graph: StageGraph, sharing: Network['tables']): readonly Reader[] {
  return sharing === 'shared' ? [SHARED] : graph.towers.map(({ name }) => name);
}

function tableName(reader: Reader, table: string): string {
  return reader === SHARED ? table : `${reader}.${table}`;
}
