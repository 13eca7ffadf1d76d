/**
 * Crosses: features whose value is the combination of several columns' values in a row. The canonical texts of the
 * values are joined to one text (`joinedTexts`), and the hash of that text is the id. A cross whose values are all
 * missing is itself missing.
 */
import type { CrossFeature } from '../../config/features/kinds.ts';
import { type Relation, readOrConstant } from '../columns.ts';
import { canonicalText } from '../values/canonical.ts';
import { joinedTexts } from '../values/joined.ts';
import { type FeatureKind, preparedName } from './feature-kind.ts';
import { oneText } from './one-text.ts';

/** How crosses are read from files. */
export const cross: FeatureKind<CrossFeature> = {
  ...oneText,
  columns: ({ of }) => of.map(({ column, atScoring }) => ({ column, use: 'category', isWeights: false, atScoring })),
  // Any text can be joined, so no value is bad.
  checks: () => [],
  prepare: (relation, { of }, index) => [{ sql: joinedText(relation, of), name: preparedName('text', index) }],
  // All columns missing, then each column missing beside texts of the others, then texts, rotated by the column's
  // position, so that a row of the probe combines different texts.
  probe: ({ of }, texts) => {
    const present = texts.find((text) => text !== '') ?? null;
    return of.map((_, place) => [
      null,
      ...of.map((_, missing) => (missing === place ? null : present)),
      ...texts.slice(place),
      ...texts.slice(0, place),
    ]);
  },
  canary: ({ of }, text) => of.map(() => text),
};

/** Returns the SQL of the joined text, which is NULL if every value is missing. */
function joinedText(relation: Relation, of: CrossFeature['of']): string {
  return joinedTexts(of.map((part) => readOrConstant(relation, part, canonicalText)));
}
