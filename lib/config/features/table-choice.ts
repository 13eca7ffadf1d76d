/** Which table a feature embeds its values in: one of the section `embeddings`, or one of its own. */
import type { z } from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { unknownName } from '../names.ts';
import { featureName, notNegative, whole } from '../value-schemas.ts';
import { checkIdSource, chosenMembers, type IdSource, idSourceMembers, resolveIdSource } from './id-sources.ts';

/** Default width of an embedding. */
export const DIMENSION = 18;
/** Largest width of an embedding. */
export const MOST_DIMENSION = 4096;

/** The table of a feature: the name of a shared one, or the width and id source of its own. */
export type TableChoice =
  | { readonly shared: string }
  | { readonly shared: null; readonly dimension: number; readonly ids: IdSource };

/** The id sources of the tables in the section `embeddings`, by table; `null` for a malformed table. */
export type SharedTables = ReadonlyMap<string, IdSource | null>;

/** Schemas of the members of a feature that choose its table. */
export const tableMembers = {
  embedding: featureName
    .optional()
    .describe('Table of the section embeddings, shared with other features. Default: a table of its own.'),
  dimension: whole(1, MOST_DIMENSION).optional().describe('Width of an embedding of its own table. Default: 18.'),
  l2: notNegative.optional().describe('L2 penalty of its own table. Default: training.l2_embeddings.'),
  ...idSourceMembers,
};

type TableShape = { readonly [Member in keyof typeof tableMembers]?: z.output<(typeof tableMembers)[Member]> };

/** Returns the table that the members choose. */
export function resolveTable(shape: TableShape): TableChoice {
  const { embedding, dimension = DIMENSION } = shape;
  return embedding === undefined ? { shared: null, dimension, ids: resolveIdSource(shape) } : { shared: embedding };
}

/**
 * Checks that a shared table exists and that the feature does not describe it again, or that the feature's own table
 * has at most one id source.
 */
export function checkTable(path: Path, shape: TableShape, tables: SharedTables): readonly Mistake[] {
  const { embedding } = shape;
  if (embedding === undefined) return checkIdSource(path, shape);
  if (!tables.has(embedding)) {
    const message = unknownName('table in embeddings', embedding, [...tables.keys()]);
    return [{ path: [...path, 'embedding'], message }];
  }
  const own = (['dimension', 'l2'] as const).filter((member) => shape[member] !== undefined);
  const members = [...own, ...chosenMembers(shape)];
  return members.map((member) => ({
    path: [...path, member],
    message: `got ${member} beside embedding: ${embedding}, expected it in embeddings.${embedding}`,
  }));
}

/** Checks that the value that a missing one counts as is an id, where the values are ids. */
export function checkMissingId(
  path: Path,
  shape: TableShape & { readonly missing?: unknown; readonly delimiter?: string | undefined },
  tables: SharedTables,
): readonly Mistake[] {
  const { embedding, missing, delimiter } = shape;
  const ids = embedding === undefined ? resolveIdSource(shape) : tables.get(embedding);
  if (missing === undefined || ids?.kind !== 'ids') return [];
  const values = delimiter === undefined ? [String(missing)] : String(missing).split(delimiter);
  const wrong = values.find((value) => !/^\d+$/.test(value) || Number(value) >= ids.size);
  if (wrong === undefined) return [];
  return [{ path: [...path, 'missing'], message: `got ${wrong}, expected an id from 0 to ${ids.size - 1}` }];
}
