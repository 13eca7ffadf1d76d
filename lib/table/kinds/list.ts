/** What the kinds with several values in each row have in common: lists that are cut or padded to a length. */
import type { ListFeature } from '../../config/declaration.ts';
import type { IdSource } from '../../config/features/id-sources.ts';
import { columnOrConstant, type Relation } from '../columns.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { columnCheck, type RowCheck } from '../row-check.ts';
import { bind } from '../values/bind.ts';
import { bagTexts } from '../values/lists.ts';
import { isIntegerSql } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { type EncodedFeature, type FeatureColumn, type FeatureKind, preparedName } from './feature-kind.ts';
import { firstId, idSourceKind } from './id-sources.ts';

/** The parts that these kinds share. */
export const list = {
  isMultiValued: true,
  scale: 'nominal',
  eachValue: (index) => `unnest(${preparedName('list', index)})`,
} satisfies Partial<FeatureKind<ListFeature>>;

/** Returns the column of the values. */
export function valuesColumn({ column, delimiter, atScoring }: ListFeature): FeatureColumn {
  return { column, use: delimiter === null ? 'list' : 'delimited', isWeights: false, atScoring };
}

/** Returns the checks of the values: that each row has a list, and integers where the table needs them. */
export function listChecks(relation: Relation, feature: ListFeature, ids: IdSource | null): RowCheck[] {
  const value = columnOrConstant(relation, feature);
  const texts = bagTexts(value, feature.delimiter);
  const isNoList = `${presentSql(value)} AND ${texts} IS NULL`;
  const isBad = `len(list_filter(${texts}, lambda x: x <> '' AND NOT ${isIntegerSql('x')})) > 0`;
  const isInteger = ids !== null && idSourceKind(ids).isInteger;
  return [
    ...(feature.delimiter === null && value.kind === 'text'
      ? [columnCheck('list_not_written', feature.column, value, isNoList)]
      : []),
    ...(isInteger ? [columnCheck('id_not_integer', feature.column, value, isBad, 'integers')] : []),
  ];
}

/** Returns the SQL of the values that are not missing; NULL if there are none. */
export function valuesOf(texts: string): string {
  return bind(
    'present',
    `list_filter(${texts}, lambda x: x <> '')`,
    (values) => `CASE WHEN len(${values}) > 0 THEN ${values} END`,
  );
}

/** Returns the SQL of the values of a list that are kept; none of a missing list. */
export function cut(values: string, { keep, maxLength }: ListFeature): string {
  const [from, to] = keep === 'first' ? [1, maxLength] : [-maxLength, -1];
  return `COALESCE(list_slice(${values}, ${from}, ${to}), [])`;
}

/** Returns the SQL of as many weights of 1 as a list has values. */
export function onesOf(values: string): string {
  return `list_resize(CAST([] AS FLOAT[]), len(${values}), CAST(1 AS FLOAT))`;
}

/** Returns the columns of the ids of the prepared list and of its weights, padded with 0. */
export function encodeList(
  encoder: Encoder,
  { embedding, maxLength }: ListFeature,
  index: number,
  weights: string,
): EncodedFeature {
  const { ids } = embeddingTable(encoder, embedding);
  const enumType = encoder.vocabularies[embedding]?.enumType ?? null;
  const known = enumType === null ? null : `CAST(enum_code(TRY_CAST(x AS ${enumType})) AS BIGINT) + ${firstId(ids)}`;
  const values = `list_transform(${preparedName('list', index)}, lambda x: ${idSourceKind(ids).idSql(ids, 'x', known)})`;
  const padded = (sql: string, type: string) =>
    `CAST(list_resize(${sql}, ${maxLength}, CAST(0 AS ${type})) AS ${type}[${maxLength}])`;
  return {
    joins: [],
    columns: [
      { sql: padded(values, 'INTEGER'), field: 'ids', type: 'INTEGER', length: maxLength },
      { sql: padded(weights, 'FLOAT'), field: 'weights', type: 'FLOAT', length: maxLength },
    ],
  };
}

/** Returns lists of no, one, few and too many values for a probe. */
export function probeLists({ delimiter, maxLength }: ListFeature, texts: readonly string[]): string[][] {
  const usable = texts.filter((text) => delimiter === null || !text.includes(delimiter));
  const overfull = Array.from({ length: maxLength + 1 }, (_, index) => usable[index % usable.length] ?? '');
  return [...usable.map((text) => [text]), usable.slice(0, 3), ['', ...usable.slice(0, 2)], overfull];
}

/** Returns a list as the column has it: as a list, or as text. */
export function writtenAs({ delimiter }: ListFeature, items: readonly string[]): string | readonly string[] {
  return delimiter === null ? items : items.join(delimiter);
}
