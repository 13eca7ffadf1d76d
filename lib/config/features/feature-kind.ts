/** What the declaration asks of a kind of feature. */
import type { Mistake, Path } from '../declaration-error.ts';
import type { SharedTables, TableChoice } from './table-choice.ts';

/** A column that a feature reads, and the place in the file that names it. */
export interface NamedColumn {
  readonly path: Path;
  readonly column: string;
}

/** What there is to know of one kind of feature. */
export interface FeatureKind<Shape, Resolved> {
  /** Whether the feature may name a table of the section `embeddings`. */
  readonly sharesTables: boolean;
  /** Every column that the feature reads. */
  columns(name: string, shape: Shape): readonly NamedColumn[];
  /** `null` where nothing is embedded. */
  table(shape: Shape): TableChoice | null;
  /** Name of the model's input for the weights of the feature's values, which no other feature can have; `null` for none. */
  weightsInput(name: string): string | null;
  /** Mistakes that only several members together show. */
  check(path: Path, shape: Shape, tables: SharedTables): readonly Mistake[];
  /** The feature with its defaults. */
  resolve(name: string, shape: Shape): Resolved;
}
