/**
 * What the kinds with one text in each row have in common: the id of the text is looked up or computed. An integer may
 * stand for the text of its digits.
 */
import type { Feature } from '../../config/declaration.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { type EncodedFeature, type FeatureKind, type KnownBounds, preparedName } from './feature-kind.ts';
import { idSourceKind } from './id-sources.ts';

type Embedded = Feature & { readonly embedding: string };

/** The parts that these kinds share. */
export const oneText = {
  isMultiValued: false,
  scale: 'nominal',
  prepareCounts: () => [],
  encode,
  eachValue: (index) => preparedName('text', index),
  input: ({ name, entity, embedding }) => ({ kind: 'id', name, entity, table: embedding }),
} satisfies Partial<FeatureKind<Embedded>>;

function encode(encoder: Encoder, { embedding }: Embedded, index: number, bounds: KnownBounds): EncodedFeature {
  const text = preparedName('text', index);
  const vocabulary = encoder.vocabularies[embedding];
  const { ids } = embeddingTable(encoder, embedding);
  const known = vocabulary === undefined ? null : `joined${index}.id`;
  const { idSql, takesMissing } = idSourceKind(ids);
  const id = idSql(ids, text, known, bounds.get(text));
  return {
    joins:
      vocabulary === undefined
        ? []
        : [`LEFT JOIN ${vocabulary.table} joined${index} ON joined${index}.value = CAST(${text} AS VARCHAR)`],
    columns: [
      {
        sql: takesMissing ? id : `CASE WHEN ${text} IS NULL THEN 0 ELSE ${id} END`,
        field: 'ids',
        type: 'INTEGER',
        length: null,
      },
    ],
  };
}
