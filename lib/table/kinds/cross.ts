/**
 * The values of several columns together. Their canonical texts are joined to one text, in which each has its length in
 * bytes of UTF-8 and a colon before it, and a missing one is a dash: ('a', 'bc') is `1:a2:bc`, ('ab', 'c') is `2:ab1:c`,
 * ('a', missing) is `1:a-`. Where all are missing, so is the cross. The table's hash makes an id of that text.
 */
import type { CrossFeature } from '../../config/features/kinds.ts';
import { canonicalText, columnOrConstant, type Relation } from '../columns.ts';
import { type FeatureKind, preparedName } from './feature-kind.ts';
import { oneText } from './one-text.ts';

const MISSING = '-';

export const cross: FeatureKind<CrossFeature> = {
  ...oneText,
  columns: ({ of }) => of.map(({ column, atScoring }) => ({ column, use: 'category', isWeights: false, atScoring })),
  // Values of any text can be joined.
  checks: () => [],
  prepare: (relation, { of }, index) => [{ sql: joinedText(relation, of), name: preparedName('text', index) }],
  // Every column has the same texts, each from another one on: the empty text, which is missing, meets others.
  probe: ({ of }, texts) => of.map((_, place) => [null, ...texts.slice(place), ...texts.slice(0, place)]),
  canary: ({ of }, text) => of.map(() => text),
};

function joinedText(relation: Relation, of: CrossFeature['of']): string {
  const parts = of.map((part) => {
    const text = canonicalText(columnOrConstant(relation, part));
    return `COALESCE(CAST(strlen(${text}) AS VARCHAR) || ':' || ${text}, '${MISSING}')`;
  });
  return `NULLIF(${parts.join(' || ')}, '${MISSING.repeat(of.length)}')`;
}
