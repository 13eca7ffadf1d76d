/** Id sources: how the values of an embedding table become row ids. */
import * as z from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { seed, whole } from '../value-schemas.ts';

/** How the values of an embedding table's features become row ids. */
export type IdSource =
  /**
   * An id for each value that occurs `minCount` times or more in the training rows; others share the unknown buckets.
   */
  | {
      readonly kind: 'vocabulary';
      readonly minCount: number;
      readonly unknown: number;
      readonly maxSize: number | null;
    }
  /** md5 of the seed and the text, modulo the buckets. */
  | { readonly kind: 'hash'; readonly buckets: number; readonly seed: number }
  /** The value is already an id in 0 .. size - 1. */
  | { readonly kind: 'ids'; readonly size: number }
  /** The interval between training quantiles into which a number falls. */
  | { readonly kind: 'quantiles'; readonly count: number };

/** Names of the members that choose an id source. A table has at most one of them. */
const MEMBERS = ['vocabulary', 'hash', 'ids'] as const;

const HASH = 'a number of buckets, or buckets and seed';

const vocabulary = z
  .strictObject({
    min_count: whole(1)
      .default(2)
      .describe('Occurrences in the training rows that a value needs to get an embedding of its own.'),
    unknown: whole(1).default(1).describe('Number of buckets that all other values share.'),
    max_size: whole(1).optional().describe('Number of the most frequent values that are kept. Default: all.'),
  })
  .optional()
  .describe('One embedding for each frequent value of the training rows: the default.');

const hash = z
  .union(
    [
      z.int(HASH).min(1, HASH),
      z.strictObject({
        buckets: whole(1).describe('Number of buckets.'),
        seed: seed.default(0).describe('Seed of the hash.'),
      }),
    ],
    HASH,
  )
  .optional()
  .describe('One embedding for each bucket of a hash of the value.');

const ids = whole(1).optional().describe('The values are ids already, from 0 to this number - 1.');

/** Schemas of the members that choose an id source; a vocabulary is the default. */
export const idSourceMembers = { vocabulary, hash, ids };

/** The members that choose an id source, as parsed. */
export type IdSourceShape = {
  readonly [Member in (typeof MEMBERS)[number]]?: z.output<(typeof idSourceMembers)[Member]>;
};

/** Returns the id source that the members choose: a vocabulary if they choose none. */
export function resolveIdSource(shape: IdSourceShape): IdSource {
  if (shape.ids !== undefined) return { kind: 'ids', size: shape.ids };
  if (typeof shape.hash === 'number') return { kind: 'hash', buckets: shape.hash, seed: 0 };
  if (shape.hash !== undefined) return { kind: 'hash', ...shape.hash };
  return {
    kind: 'vocabulary',
    minCount: shape.vocabulary?.min_count ?? 2,
    unknown: shape.vocabulary?.unknown ?? 1,
    maxSize: shape.vocabulary?.max_size ?? null,
  };
}

/** Checks that the members choose at most one id source. */
export function checkIdSource(path: Path, shape: IdSourceShape): readonly Mistake[] {
  const [first, ...others] = chosenMembers(shape);
  return others.map((member) => ({
    path: [...path, member],
    message: `got ${member} beside ${first}, expected one of ${MEMBERS.join(', ')}`,
  }));
}

/** Returns the names of the members that are given. */
export function chosenMembers(shape: IdSourceShape): readonly (keyof IdSourceShape)[] {
  return MEMBERS.filter((member) => shape[member] !== undefined);
}
