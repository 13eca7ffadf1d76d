/** What kinds have in common whose value is one text a row: its id is looked up or computed. */
import type { Feature } from '../../config/declaration.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { type EncodedFeature, type FeatureKind, preparedName } from './feature-kind.ts';
import { idSourceKind } from './id-sources.ts';

type Embedded = Feature & { readonly embedding: string };

export const oneText = {
  isMultiValued: false,
  scale: 'nominal',
  prepareCounts: () => [],
  encode,
  isMissing: (index) => `${preparedName('text', index)} IS NULL`,
  dropped: () => null,
  values: (index) => preparedName('text', index),
  value: (index) => preparedName('text', index),
  fit: async ({ name, entity, embedding }) => ({ kind: 'id', name, entity, table: embedding }),
} satisfies Partial<FeatureKind<Embedded>>;

function encode(encoder: Encoder, { embedding }: Embedded, index: number): EncodedFeature {
  const text = preparedName('text', index);
  const vocabulary = encoder.vocabularies[embedding];
  const { ids } = embeddingTable(encoder, embedding);
  const known = vocabulary === undefined ? null : `joined${index}.id`;
  const id = idSourceKind(ids).idSql(ids, text, known);
  return {
    joins:
      vocabulary === undefined
        ? []
        : [`LEFT JOIN ${vocabulary.table} joined${index} ON joined${index}.value = ${text}`],
    columns: [{ sql: `CASE WHEN ${text} IS NULL THEN 0 ELSE ${id} END`, place: 'ids', type: 'BIGINT', length: null }],
  };
}
