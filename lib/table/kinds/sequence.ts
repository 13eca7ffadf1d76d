/**
 * Sequences: several values of a finite set in an order in each row. They are encoded from the side that is kept, the
 * newest value first: the position of a value then says how new it is, whatever the lengths of the row and of the input.
 */
import type { SequenceFeature } from '../../config/features/sequence.ts';
import { type Relation, readOrConstant } from '../columns.ts';
import { bagTexts } from '../values/lists.ts';
import { type FeatureKind, preparedName } from './feature-kind.ts';
import { cut, encodeList, list, listChecks, onesOf, probeLists, valuesColumn, valuesOf, writtenAs } from './list.ts';

/** How sequences are read from files. */
export const sequence: FeatureKind<SequenceFeature> = {
  ...list,
  columns: (feature) => [valuesColumn(feature)],
  checks: listChecks,
  prepare(relation, feature, index) {
    const kept = cut(texts(relation, feature), feature);
    const sql = feature.keep === 'first' ? kept : `list_reverse(${kept})`;
    return [{ sql, name: preparedName('list', index) }];
  },
  prepareCounts: (relation, feature, index) => [
    { sql: `COALESCE(len(${texts(relation, feature)}), 0)`, name: preparedName('length', index) },
  ],
  encode: (encoder, feature, index) => encodeList(encoder, feature, index, onesOf(preparedName('list', index))),
  input({ name, entity, embedding, maxLength, pooling }) {
    const shape = { name, entity, table: embedding, length: maxLength };
    // The mean knows no order: as an input of the model, such a sequence is a bag.
    return pooling === null ? { ...shape, kind: 'bag', combiner: 'mean' } : { ...shape, kind: 'sequence', pooling };
  },
  probe: (feature, values) => [[null, ...probeLists(feature, values).map((items) => writtenAs(feature, items))]],
  canary: ({ delimiter }, text) => [delimiter === null ? `[${text}]` : text],
};

/** Returns the SQL of the values that are not missing, in the order of the column; NULL if there are none. */
function texts(relation: Relation, feature: SequenceFeature): string {
  return readOrConstant(relation, feature, (value) => valuesOf(bagTexts(value, feature.delimiter)));
}
