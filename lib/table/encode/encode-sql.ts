/**
 * The one SQL that encodes, for training and scoring alike, in two layers: rows prepared (canonical texts, float32
 * numbers, lists) and, over those, ids.
 */
import type { Feature } from '../../config/declaration.ts';
import { featureValue, weightsValue } from '../check/check-columns.ts';
import { bagTexts, bagWeights, canonicalText, numberSql, type Relation } from '../columns.ts';
import { bucketSql } from '../hash.ts';
import type { ColumnLayout } from '../read-columns.ts';
import { type Encoder, firstId, tableOf } from './encoder.ts';

/** Where a column of the encoded rows belongs in an `EncodedChunk`. */
export interface InputColumn extends ColumnLayout {
  readonly place: 'ids' | 'weights' | 'numbers';
  readonly input: string;
}

export interface EncodeSql {
  readonly joins: string;
  /** One for each of `columns`. */
  readonly select: readonly string[];
  readonly columns: readonly InputColumn[];
}

/** Names of a feature's prepared columns: text of a category, number, list of a bag's texts and its weights. */
export function preparedName(kind: 'text' | 'number' | 'bag' | 'weights', index: number): string {
  return `"#${kind}${index}"`;
}

/** SQL of the values of a prepared bag, a row for each. */
export function bagValue(index: number): string {
  return `unnest(${preparedName('bag', index)})`;
}

/** SQL expressions, each with its name, of the features' prepared columns. */
export function prepareSql(relation: Relation, features: readonly Feature[]): string[] {
  return features.flatMap((feature, index) => prepareFeature(relation, feature, index));
}

/** SQL of a bag's number of values, those beyond its length included. */
export function bagLengthSql(relation: Relation, feature: Feature & { readonly type: 'bag' }): string {
  return `COALESCE(len(${bagLists(relation, feature).texts}), 0)`;
}

/** What to join to the prepared rows and select from them. */
export function encodeSql(encoder: Encoder): EncodeSql {
  const columns: InputColumn[] = [];
  const select: string[] = [];
  const joins: string[] = [];
  encoder.features.forEach((feature, index) => {
    const { name: input } = feature;
    if (feature.type === 'number') {
      select.push(`COALESCE(${preparedName('number', index)}, CAST('NaN' AS FLOAT))`);
      columns.push({ place: 'numbers', input, type: 'FLOAT', length: null });
    } else if (feature.type === 'category') {
      const vocabulary = encoder.vocabularies[feature.embedding];
      const text = preparedName('text', index);
      const known = vocabulary === undefined ? null : `joined${index}.id`;
      if (vocabulary !== undefined)
        joins.push(`LEFT JOIN ${vocabulary.table} joined${index} ON joined${index}.value = ${text}`);
      select.push(`CASE WHEN ${text} IS NULL THEN 0 ELSE ${idSql(encoder, feature.embedding, text, known)} END`);
      columns.push({ place: 'ids', input, type: 'BIGINT', length: null });
    } else {
      const length = feature.maxLength;
      const ids = `list_transform(${preparedName('bag', index)}, lambda x: ${idSql(encoder, feature.embedding, 'x', enumId(encoder, feature.embedding, 'x'))})`;
      select.push(`CAST(list_resize(${ids}, ${length}, CAST(0 AS BIGINT)) AS BIGINT[${length}])`);
      columns.push({ place: 'ids', input, type: 'BIGINT', length });
      select.push(
        `CAST(list_resize(${preparedName('weights', index)}, ${length}, CAST(0 AS FLOAT)) AS FLOAT[${length}])`,
      );
      columns.push({ place: 'weights', input, type: 'FLOAT', length });
    }
  });
  return { joins: joins.join(' '), select, columns };
}

/** SQL of the row id of a text that is not NULL; `known` is its id in the vocabulary, NULL where it is not in it. */
function idSql(encoder: Encoder, table: string, text: string, known: string | null): string {
  const { ids: source } = tableOf(encoder, table);
  switch (source.kind) {
    case 'vocabulary': {
      const unknown = `1 + ${bucketSql(0, text, source.unknown)}`;
      return `CAST(${known === null ? unknown : `COALESCE(${known}, ${unknown})`} AS BIGINT)`;
    }
    case 'hash':
      return `CAST(1 + ${bucketSql(source.seed, text, source.buckets)} AS BIGINT)`;
    case 'ids': {
      const id = `TRY_CAST(${text} AS BIGINT)`;
      return `CASE WHEN ${id} >= 0 AND ${id} < ${source.size} THEN ${id} + ${firstId(source)} ELSE CAST(1 AS BIGINT) END`;
    }
    case 'quantiles':
      throw new RangeError(`embedding ${table} is of quantiles: its ids are computed from the number`);
  }
}

function enumId(encoder: Encoder, table: string, text: string): string | null {
  const enumType = encoder.vocabularies[table]?.enumType ?? null;
  if (enumType === null) return null;
  return `CAST(enum_code(TRY_CAST(${text} AS ${enumType})) AS BIGINT) + ${firstId(tableOf(encoder, table).ids)}`;
}

/** A bag's values that are not missing, and a weight for each. */
function bagLists(relation: Relation, feature: Feature & { readonly type: 'bag' }): { texts: string; weights: string } {
  const all = bagTexts(featureValue(relation, feature), feature.delimiter);
  const value = weightsValue(relation, feature);
  if (value === null) {
    const texts = `list_filter(${all}, lambda x: x <> '')`;
    return { texts, weights: `list_transform(${texts}, lambda x: CAST(1 AS FLOAT))` };
  }
  const pairs = `list_filter(list_zip(${all}, ${bagWeights(value, feature.delimiter)}), lambda pair: pair[1] <> '')`;
  return {
    texts: `list_transform(${pairs}, lambda pair: pair[1])`,
    weights: `list_transform(${pairs}, lambda pair: COALESCE(TRY_CAST(pair[2] AS FLOAT), CAST(0 AS FLOAT)))`,
  };
}

function prepareFeature(relation: Relation, feature: Feature, index: number): string[] {
  const value = featureValue(relation, feature);
  switch (feature.type) {
    case 'number':
      return [`TRY_CAST(${numberSql(value)} AS FLOAT) AS ${preparedName('number', index)}`];
    case 'category':
      return [`${canonicalText(value)} AS ${preparedName('text', index)}`];
    case 'bag': {
      const { texts, weights } = bagLists(relation, feature);
      const cut = (list: string) => `COALESCE(list_slice(${list}, 1, ${feature.maxLength}), [])`;
      return [`${cut(texts)} AS ${preparedName('bag', index)}`, `${cut(weights)} AS ${preparedName('weights', index)}`];
    }
  }
}
