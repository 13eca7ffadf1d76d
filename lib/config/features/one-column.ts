/** Members that every feature has, and those that every feature of a single column has. */
import * as z from 'zod';
import { column, scalar, text } from '../value-schemas.ts';
import type { NamedColumn } from './feature-kind.ts';

/** What a feature describes: the user, the item, or the context in which the item is shown. */
export type Entity = 'user' | 'item' | 'context';

/** What every feature has. */
export interface FeatureBase {
  readonly name: string;
  readonly entity: Entity;
}

/** A column that a feature reads. */
export interface OneColumn {
  readonly column: string;
  /**
   * Value used if candidates lack the column because it is unknown at scoring (such as a position): a text, a number,
   * or `null` for a missing value. Absent if candidates must have the column.
   */
  readonly atScoring?: string | number | null;
}

/** A column that has several values in a row: a list, or text. */
export interface ListColumn extends OneColumn {
  /** Text between two values of a text column; `null` for a list column. */
  readonly delimiter: string | null;
  /** Number of values of a row that are used; the rest are dropped and counted. */
  readonly maxLength: number;
  /** Which values of a longer row are used. */
  readonly keep: 'first' | 'last';
}

/** Schema of the member `entity`. */
export const entity = z.enum(['user', 'item', 'context']).describe('What the feature describes.');

/** Schemas of the members that every feature of a single column has. */
export const oneColumn = {
  column: column.optional().describe('Column of the log. Default: the name of the feature.'),
  entity,
};

/** Schemas of the members that every feature of several values has. */
export const listColumn = {
  ...oneColumn,
  at_scoring: scalar.nullable().optional().describe('Text used if candidates lack the column.'),
};

/** Schema of the member `delimiter` of such a feature. */
export const delimiter = text('the text between two values')
  .optional()
  .describe('Text between two values of a text column. Default: the column is a list.');

/** Returns the column that a feature reads: the one that its member `column` names; by default that of its own name. */
export function ownColumn(name: string, shape: { readonly column?: string | undefined }): readonly NamedColumn[] {
  const path = ['features', name];
  return [shape.column === undefined ? { path, column: name } : { path: [...path, 'column'], column: shape.column }];
}

/** Returns the members of a feature of a single column; `constant` is its value for scoring, if it has one. */
export function resolveColumn<Value extends string | number | null>(
  name: string,
  { column = name, entity }: { readonly column?: string | undefined; readonly entity: Entity },
  constant: Value | undefined,
) {
  return { name, column, entity, ...(constant === undefined ? {} : { atScoring: constant }) };
}

/** Returns a value as a text column would hold it; `null` and `undefined` stay as they are. */
export function textOf(value: string | number | boolean | null | undefined): string | null | undefined {
  return value === undefined || value === null ? value : String(value);
}
