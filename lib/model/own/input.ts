/** The input of a tower, as a user's function sees it. */
import * as tf from '@tensorflow/tfjs-core';
import type { Entity } from '../../config/declaration.ts';
import { columnsOf, joined } from '../columns.ts';
import { columnNames, type Layout } from '../fields.ts';
import { matrixOf } from '../layers/linear.ts';
import type { Columns, TowerInput } from '../network.ts';
import { ModelError } from './model-error.ts';

/**
 * Columns that a tower reads: the embedded features side by side, then the numbers and whether each is missing. The
 * layers take it as it is, and then compute what rows share (the user of a request) once; `tensor()` gives the matrix to
 * all other operations.
 */
export class Input {
  /** Number of columns. */
  readonly width: number;
  readonly #layout: Layout;
  readonly #input: TowerInput;
  readonly #columns: readonly Columns[];

  constructor(layout: Layout, input: TowerInput, columns: readonly Columns[] = [{ start: 0, count: layout.width }]) {
    this.#layout = layout;
    this.#input = input;
    this.#columns = columns;
    this.width = columns.reduce((sum, { count }) => sum + count, 0);
  }

  /** The matrix of all columns, [batch, width]. */
  tensor(): tf.Tensor2D {
    return matrixOf(this.#selected()) as tf.Tensor2D;
  }

  /**
   * The columns of an entity's features.
   * @throws {ModelError} where the entity has no feature.
   */
  entity(name: Entity): Input {
    const part = this.#layout.parts.find(({ entity }) => entity === name);
    const entities = this.#layout.parts.map(({ entity }) => entity);
    if (part === undefined)
      throw new ModelError(`entity: got ${JSON.stringify(name)}, expected one with features: ${entities.join(', ')}`);
    return this.#restricted(`entity ${name}`, [...part.columns.fields, ...part.columns.numbers]);
  }

  /**
   * The columns of one or more features, in their order: an embedding, or a number and whether it is missing.
   * @throws {ModelError} where a feature is not declared, or is summed with others of its entity.
   */
  feature(...names: readonly string[]): Input {
    const all = columnNames(this.#layout);
    if (names.length === 0) throw new ModelError('feature: got no name, expected one or more');
    return this.#restricted(
      `features ${names.join(', ')}`,
      [...new Set(names)].flatMap((name) => {
        const own = all.flatMap((column, start) => (isOf(column, name) ? [{ start, count: 1 }] : []));
        if (own.length === 0) throw new ModelError(this.#noFeature(name, all));
        return own;
      }),
    );
  }

  /** Returns the input for a layer, with its columns counted from 0, and the columns of the tower's input that they are. */
  forLayer(): { readonly input: TowerInput; readonly columns: readonly Columns[] } {
    return { input: this.#selected(), columns: this.#columns };
  }

  #restricted(what: string, columns: readonly Columns[]): Input {
    const own = columnsOf(this.#columns);
    if (columnsOf(columns).some((column) => !own.includes(column)))
      throw new ModelError(`${what}: not among the columns of this input, expected the input of a tower`);
    return new Input(this.#layout, this.#input, joined(columns));
  }

  #selected(): TowerInput {
    if (this.width === this.#layout.width && this.#columns.length === 1) return this.#input;
    const wanted = new Map(columnsOf(this.#columns).map((column, place) => [column, place]));
    return this.#input.flatMap((part) => {
      const own = columnsOf(part.columns);
      const kept = own.flatMap((column, from) => {
        const to = wanted.get(column);
        return to === undefined ? [] : [{ from: { start: from, count: 1 }, to: { start: to, count: 1 } }];
      });
      if (kept.length === 0) return [];
      const values = columnsAt(part.values, joined(kept.map(({ from }) => from)));
      return [{ ...part, values, columns: joined(kept.map(({ to }) => to)) }];
    });
  }

  #noFeature(name: string, all: readonly string[]): string {
    if (all.some((column) => column.split(/ \+ |\[/).includes(name)))
      return `feature: got ${name}, whose embedding is summed with others of its entity, expected model.fields: concatenate`;
    const names = new Set(all.map((column) => column.replace(/\[\d+\]$| is missing$/, '')));
    return `feature: got ${JSON.stringify(name)}, expected one of ${[...names].join(', ')}`;
  }
}

/** Whether a column of that name belongs to a feature: `city[0]`, `price` or `price is missing`. */
function isOf(column: string, feature: string): boolean {
  return column === feature || column === `${feature} is missing` || column.startsWith(`${feature}[`);
}

/** Returns some columns of a matrix, in that order. */
function columnsAt(matrix: tf.Tensor, runs: readonly Columns[]): tf.Tensor {
  if (runs.length === 1 && runs[0]?.count === matrix.shape[1]) return matrix;
  const slices = runs.map(({ start, count }) => tf.slice2d(matrix as tf.Tensor2D, [0, start], [-1, count]));
  return slices.length === 1 ? (slices[0] as tf.Tensor) : tf.concat(slices, 1);
}
