/** The hierarchies of features that `--hierarchies` names. */
import type { Declaration } from '../../config/declaration.ts';
import { nearest } from '../../config/nearest.ts';
import { listed } from '../../numbers/text.ts';

/** Names of features, the widest first. */
export type Hierarchy = readonly string[];

/** Thrown where the features of a hierarchy are none, or cannot be levels. */
export class HierarchyError extends Error {
  override readonly name = 'HierarchyError';
}

/** Kinds of features that have one value in each row. */
const LEVEL_TYPES: readonly string[] = ['category', 'cross'];

/**
 * Checks that the levels of hierarchies are features of one value.
 * @throws {HierarchyError} naming every one that is not.
 */
export function assertHierarchies(
  hierarchies: readonly Hierarchy[],
  { features }: Pick<Declaration, 'features'>,
): void {
  const levels = features.filter(({ type }) => LEVEL_TYPES.includes(type)).map(({ name }) => name);
  const problems = hierarchies.flatMap((hierarchy) =>
    hierarchy.flatMap((level, index) => {
      if (hierarchy.indexOf(level) < index) return [`got ${level} twice in ${hierarchy.join('/')}, expected it once`];
      if (levels.includes(level)) return [];
      const feature = features.find(({ name }) => name === level);
      if (feature !== undefined) return [`got ${level}, which is a ${feature.type}, expected a category or a cross`];
      const meant = nearest(level, levels);
      return [`got ${level}, which is no feature${meant === undefined ? '' : `, did you mean ${meant}?`}`];
    }),
  );
  if (problems.length === 0) return;
  const expected =
    levels.length === 0 ? 'the declaration has no category and no cross' : `expected of ${listed(levels)}`;
  throw new HierarchyError(`${[...new Set(problems)].join('; ')}; ${expected}`);
}
