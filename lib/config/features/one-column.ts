/** What every feature has, and what features of one column have besides. */
import { z } from 'zod';
import { column } from '../value-schemas.ts';
import type { NamedColumn } from './feature-kind.ts';

export type Entity = 'user' | 'item' | 'context';

export interface FeatureBase {
  readonly name: string;
  readonly entity: Entity;
}

export interface OneColumn {
  readonly column: string;
  /** Value used where the column is unknown at scoring (a position): as text; `null` for missing; absent where the column must be there. */
  readonly atScoring?: string | number | null;
}

/** Shape of the member `entity`. */
export const entity = z.enum(['user', 'item', 'context']).describe('Whom the feature describes.');

/** Shapes of the members that every feature of one column has. */
export const oneColumn = {
  column: column.optional().describe('Column of the log. Default: the name of the feature.'),
  entity,
};

/** The column that a feature reads: the one that it names, or that of its own name. */
export function ownColumn(name: string, shape: { readonly column?: string | undefined }): readonly NamedColumn[] {
  const path = ['features', name];
  return [shape.column === undefined ? { path, column: name } : { path: [...path, 'column'], column: shape.column }];
}

/** The members of a feature of one column, with their defaults; `constant` is its value for scoring. */
export function resolveColumn<Value extends string | number | null>(
  name: string,
  { column = name, entity }: { readonly column?: string | undefined; readonly entity: Entity },
  constant: Value | undefined,
) {
  return { name, column, entity, ...(constant === undefined ? {} : { atScoring: constant }) };
}

/** The text of a value as it stands in a column. */
export function textOf(value: string | number | boolean | null | undefined): string | null | undefined {
  return value === undefined || value === null ? value : String(value);
}
