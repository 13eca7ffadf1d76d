/** What a kind of feature must define to be declared. */
import type { Mistake, Path } from '../declaration-error.ts';
import type { SharedTables, TableChoice } from './table-choice.ts';

/** A column that a feature reads, and the place in the file that names it. */
export interface NamedColumn {
  readonly path: Path;
  readonly column: string;
}

/** How the features of one kind are declared: the columns that they read, their table, their checks and defaults. */
export interface FeatureKind<Shape, Resolved> {
  /** Whether the feature may name a table of the section `embeddings`. */
  readonly sharesTables: boolean;
  /** Every column that the feature reads. */
  columns(name: string, shape: Shape): readonly NamedColumn[];
  /** The table that the feature embeds its values in; `null` if it embeds none. */
  table(shape: Shape): TableChoice | null;
  /** Name of the model's input for the weights of the values, which no feature may have; `null` without weights. */
  weightsInput(name: string): string | null;
  /** Finds mistakes that involve several members of the feature, or its table. */
  check(path: Path, shape: Shape, tables: SharedTables): readonly Mistake[];
  /** Returns the feature with its defaults filled in. */
  resolve(name: string, shape: Shape): Resolved;
}
