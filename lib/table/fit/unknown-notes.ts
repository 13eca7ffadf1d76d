/** Notes on features most of whose held-out values a model of the training rows does not know. */
import { countOf, percent } from '../../numbers/text.ts';
import { type FeatureCounts, unknownShare } from '../encode/value-counts.ts';
import type { Part } from '../encoded.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';

/** Share of unknown values from which it is told. */
const MANY_UNKNOWN = 0.5;

/** Counts of the held-out parts' values. */
export type HeldOutCounts = Readonly<Record<Exclude<Part, 'train'>, FeatureCounts>>;

/**
 * Returns a note on each feature of which most values are unknown in a held-out part: `vec: 100% of the values are
 * unknown in validation, 100% in test (0 values are seen at least 2 times in training, min_count)`.
 */
export function unknownNotes({ validation, test }: HeldOutCounts, encoder: Encoder): string[] {
  return encoder.features.flatMap(({ name, embedding }) => {
    const shares = Object.entries({ validation, test }).flatMap(([part, counts]) => {
      const share = counts[name] === undefined ? 0 : unknownShare(counts[name]);
      return share > MANY_UNKNOWN
        ? [`${percent(share)} ${part === 'validation' ? 'of the validation' : 'of the test'} values`]
        : [];
    });
    if (shares.length === 0 || embedding === null) return [];
    const { ids } = embeddingTable(encoder, embedding);
    const size = encoder.vocabularies[embedding]?.size ?? 0;
    const why =
      ids.kind === 'vocabulary'
        ? ` (${countOf(size, 'value')} seen at least ${countOf(ids.minCount, 'time')} in training: min_count)`
        : '';
    return [`${name}: ${shares.join(' and ')} are unknown${why}`];
  });
}
