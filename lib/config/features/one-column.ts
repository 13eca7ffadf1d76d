/** Members that every feature has, and those that every feature of a single column has. */
import * as z from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { column, scalar, text } from '../value-schemas.ts';
import type { NamedColumn } from './feature-kind.ts';

/** What a feature may describe without a declared entity: the user, the item, or the context in which it is shown. */
export const USUAL_ENTITIES = ['user', 'item', 'context'] as const;

/** What a feature describes: one of the usual entities, or one that the declaration has a table of. */
export type Entity = string;

/** Returns entities in the order in which a model has them: user, item, others as they come, context; each once. */
export function orderedEntities(entities: readonly Entity[]): Entity[] {
  const others = new Set(entities.filter((entity) => !USUAL_ENTITIES.some((usual) => usual === entity)));
  const [user, item, context] = USUAL_ENTITIES;
  return [user, item, ...others, context].filter((entity) => entities.includes(entity));
}

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
  /** Value that a missing one counts as, in training and at scoring. Absent if a missing value stays one. */
  readonly missing?: string | number;
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
export const entity = z
  .string('"user", "item", "context" or a declared entity')
  .describe('What the feature describes: user, item, context, or an entity that is declared under entities.')
  .meta({ examples: [...USUAL_ENTITIES] });

/** Schemas of the members that every feature of a single column has. */
export const oneColumn = {
  column: column.optional().describe('Column of the log. Default: the name of the feature.'),
  entity,
};

/** The value that a missing one counts as. */
export const missing = scalar.refine((value) => String(value).trim() !== '', 'a value that is not empty');

/** Schemas of the members that every feature of several values has. */
export const listColumn = {
  ...oneColumn,
  at_scoring: scalar.nullable().optional().describe('Text used if candidates lack the column.'),
  missing: missing.optional().describe('Text that a row without values counts as. Default: missing.'),
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

/** The values that stand for a column where it has none: in candidates alone, and everywhere. */
interface Constants<Value> {
  readonly atScoring: Value | null | undefined;
  readonly missing: Value | undefined;
}

/** Returns the members of a feature of a single column. */
export function resolveColumn<Value extends string | number>(
  name: string,
  { column = name, entity }: { readonly column?: string | undefined; readonly entity: Entity },
  { atScoring, missing: otherwise }: Constants<Value>,
) {
  return {
    name,
    column,
    entity,
    ...(atScoring === undefined ? {} : { atScoring }),
    ...(otherwise === undefined ? {} : { missing: otherwise }),
  };
}

/** The members of a feature that name such values, as they are written. */
interface WrittenConstants {
  readonly at_scoring?: z.output<typeof scalar> | null | undefined;
  readonly missing?: z.output<typeof scalar> | undefined;
}

/** Returns the values as a text column would hold them. */
export function textConstants({ at_scoring: atScoring, missing: otherwise }: WrittenConstants): Constants<string> {
  return { atScoring: textOf(atScoring), missing: textOf(otherwise) ?? undefined };
}

/** Returns a value as a text column would hold it; `null` and `undefined` stay as they are. */
export function textOf(value: string | number | boolean | null | undefined): string | null | undefined {
  return value === undefined || value === null ? value : String(value);
}

/** How numbers are transformed before the model reads them. */
export interface NumberTransform {
  /** Whether a number is replaced by sign(x) log(1 + |x|), after clipping. */
  readonly log1p: boolean;
  /** Whether the training mean is subtracted and the result divided by the training deviation, after `log1p`. */
  readonly standardize: boolean;
  /** Lowest and highest value, `null` for no limit. */
  readonly clip: readonly [number | null, number | null] | null;
}

const NUMBER = 'a number';
/** The number that a missing one counts as: a float32. */
export const missingNumber = z.number(NUMBER).refine((value) => Number.isFinite(Math.fround(value)), NUMBER);

/** The members of such a feature, as they are written. */
type NumberShape = { readonly [Member in keyof NumberTransform]?: NumberTransform[Member] | undefined } & {
  readonly missing?: number | undefined;
};

/** Returns the transforms with their defaults. */
export function numberTransform(shape: NumberShape, isStandardized: boolean): NumberTransform {
  return {
    log1p: shape.log1p ?? false,
    standardize: shape.standardize ?? isStandardized,
    clip: shape.clip ?? null,
  };
}

/** Checks that the number that a missing one counts as is within the limits. */
export function checkMissingNumber(path: Path, { missing: value, clip: limits }: NumberShape): readonly Mistake[] {
  if (value === undefined || limits == null) return [];
  const [low, high] = limits;
  if (value >= (low ?? value) && value <= (high ?? value)) return [];
  const message = `got ${value}, outside of clip [${low}, ${high}], expected a number within it`;
  return [{ path: [...path, 'missing'], message }];
}
