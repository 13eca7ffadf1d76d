/** What the features of a declaration become: ids, columns of the towers' input, and parameters. */
import type { Declaration, EmbeddingTable, Feature, IdSource } from '../config/declaration.ts';
import { transformsOf } from '../model/kinds/index.ts';
import { declaredModel, type Model, type NetworkOf } from '../model/model.ts';
import { presumedInputs } from '../own-model/presumed.ts';
import { type InputSpec, isEmbedded, type TableSpec } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import { idSourceKind } from '../table/kinds/id-sources.ts';

/** An embedding table. */
export interface TableSize {
  readonly name: string;
  readonly ids: IdSource;
  readonly dimension: number;
  /** Its rows, with those for missing and unknown values; `null` where the log decides. */
  readonly rows: number | null;
  /** Its weights, of all the towers that have one of their own; `null` where the log decides. */
  readonly parameters: number | null;
}

/** What a feature becomes. */
export interface FeatureSize {
  readonly feature: Feature;
  /** `null` for numbers. */
  readonly table: TableSize | null;
  /** The first feature that has the same table; `null` if this one is the first. */
  readonly sharedWith: string | null;
  /** Values of a row that are read, at most. */
  readonly values: number;
  /** Columns of the towers' input; those of numbers tell whether they are missing, too. */
  readonly width: number;
}

/** What the features of a declaration become, and the rest of the model. */
export interface FeatureSizes {
  readonly features: readonly FeatureSize[];
  /** Columns of the towers' input, which are fewer than those of the features where embeddings are summed. */
  readonly width: number;
  /** Weights of all layers. */
  readonly layers: number;
  /** Weights of all tables; `null` where the log decides. */
  readonly embeddings: number | null;
}

/**
 * Returns what the features of a declaration become.
 *
 * @param own the network of `model.file`; `null` where the declaration names none
 * @param encoder one that was fitted to a log; `null` for what the declaration alone says
 */
export function featureSizes(
  declaration: Declaration,
  own: NetworkOf | null,
  encoder: Pick<Encoder, 'inputs' | 'tables'> | null,
): FeatureSizes {
  const { inputs, tables } = encoder ?? presumedInputs(declaration);
  const model = declaredModel(declaration, inputs, tables, own);
  const rowsOf = rowsByTable(declaration.embeddings, encoder?.tables ?? null);
  const sizes = declaration.embeddings.map((table) => tableSize(table, rowsOf(table), model));
  const users = (name: string) => declaration.features.filter(({ embedding }) => embedding === name);
  const features = declaration.features.map((feature, index): FeatureSize => {
    const table = sizes.find(({ name }) => name === feature.embedding) ?? null;
    const first = table === null ? feature : (users(table.name)[0] ?? feature);
    return {
      feature,
      table,
      sharedWith: first === feature ? null : first.name,
      values: valuesOf(inputs[index] as InputSpec),
      width: widthOf(inputs[index] as InputSpec, table),
    };
  });
  const weights = model.network.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return { features, width: model.layout.width, layers: sum(weights), embeddings: sumOrNull(sizes) };
}

/** Vocabularies and quantiles are those of the training rows; hashes and ids are as large as declared. */
function rowsByTable(embeddings: readonly EmbeddingTable[], fitted: readonly TableSpec[] | null) {
  return (table: EmbeddingTable): number | null => {
    if (fitted !== null) return fitted[embeddings.indexOf(table)]?.rows ?? null;
    const { ids } = table;
    const isDeclared = ids.kind === 'hash' || ids.kind === 'ids';
    return isDeclared ? idSourceKind(ids).rows(ids, { vocabularySize: 0, boundaries: 0 }) : null;
  };
}

function tableSize({ name, ids, dimension }: EmbeddingTable, rows: number | null, { embeddings }: Model): TableSize {
  const copies = embeddings.tables.filter((table) => table.ids === name);
  const parameters = rows === null ? null : rows * sum(copies.map((table) => table.dimension));
  return { name, ids, dimension, rows, parameters };
}

function valuesOf(input: InputSpec): number {
  return 'length' in input ? input.length : 1;
}

function widthOf(input: InputSpec, table: TableSize | null): number {
  return isEmbedded(input) ? (table?.dimension ?? 0) : transformsOf(input).length + 1;
}

function sumOrNull(tables: readonly TableSize[]): number | null {
  const known = tables.flatMap(({ parameters }) => parameters ?? []);
  return known.length < tables.length ? null : sum(known);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
