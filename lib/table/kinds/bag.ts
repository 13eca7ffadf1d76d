/**
 * Bags: several values of a finite set in each row, with or without weights, as lists that are cut or padded to a
 * length.
 */
import type { BagFeature } from '../../config/declaration.ts';
import { columnOrConstant, columnValue, findColumn, type Relation, readOrConstant, type Value } from '../columns.ts';
import { type Encoder, embeddingTable } from '../encoder.ts';
import { columnCheck, type RowCheck } from '../row-check.ts';
import { bind } from '../values/bind.ts';
import { bagTexts, bagWeights } from '../values/lists.ts';
import { isIntegerSql, LARGEST_FLOAT } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { type EncodedFeature, type FeatureKind, type ProbeValue, preparedName } from './feature-kind.ts';
import { firstId, idSourceKind } from './id-sources.ts';

/** How bags are read from files. */
export const bag: FeatureKind<BagFeature> = {
  isMultiValued: true,
  scale: 'nominal',
  columns({ column, delimiter, weights, atScoring }) {
    const use = delimiter === null ? 'list' : 'delimited';
    // If a constant may replace the bag, its weights may be absent, too: each value then has weight 1.
    const noWeights = atScoring === undefined ? undefined : null;
    return [
      { column, use, isWeights: false, atScoring },
      ...(weights === null ? [] : [{ column: weights, use, isWeights: true, atScoring: noWeights } as const]),
    ];
  },
  checks(relation, feature, ids) {
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
      ...weightsChecks(relation, feature, texts),
    ];
  },
  prepare(relation, feature, index) {
    const { texts, weights } = lists(relation, feature);
    const [from, to] = feature.keep === 'first' ? [1, feature.maxLength] : [-feature.maxLength, -1];
    const cut = (list: string) => `COALESCE(list_slice(${list}, ${from}, ${to}), [])`;
    return [
      { sql: cut(texts), name: preparedName('bag', index) },
      { sql: cut(weights), name: preparedName('weights', index) },
    ];
  },
  prepareCounts: (relation, feature, index) => [
    { sql: `COALESCE(len(${lists(relation, feature).texts}), 0)`, name: preparedName('length', index) },
  ],
  encode,
  eachValue: (index) => `unnest(${preparedName('bag', index)})`,
  input: ({ name, entity, embedding, maxLength, combiner }) => ({
    kind: 'bag',
    name,
    entity,
    table: embedding,
    length: maxLength,
    combiner,
  }),
  probe,
  canary({ delimiter, weights }, text) {
    const [value, weight] = delimiter === null ? [`[${text}]`, '[CAST(1 AS DOUBLE)]'] : [text, "'1'"];
    return weights === null ? [value] : [value, weight];
  },
};

function encode(encoder: Encoder, { embedding, maxLength }: BagFeature, index: number): EncodedFeature {
  const { ids } = embeddingTable(encoder, embedding);
  const enumType = encoder.vocabularies[embedding]?.enumType ?? null;
  const known = enumType === null ? null : `CAST(enum_code(TRY_CAST(x AS ${enumType})) AS BIGINT) + ${firstId(ids)}`;
  const list = `list_transform(${preparedName('bag', index)}, lambda x: ${idSourceKind(ids).idSql(ids, 'x', known)})`;
  const padded = (values: string, type: string) =>
    `CAST(list_resize(${values}, ${maxLength}, CAST(0 AS ${type})) AS ${type}[${maxLength}])`;
  return {
    joins: [],
    columns: [
      { sql: padded(list, 'INTEGER'), field: 'ids', type: 'INTEGER', length: maxLength },
      { sql: padded(preparedName('weights', index), 'FLOAT'), field: 'weights', type: 'FLOAT', length: maxLength },
    ],
  };
}

/** Returns the column of weights as SQL; `null` if there is none, or if a constant replaces the bag. */
function weightsValue(relation: Relation, { weights }: BagFeature): Value | null {
  const column = weights === null ? undefined : findColumn(relation, weights);
  return column === undefined ? null : columnValue(column, relation.texts);
}

/** Returns the SQL of the list of values that are not missing, and of the list with a weight for each. */
function lists(relation: Relation, feature: BagFeature): { readonly texts: string; readonly weights: string } {
  const texts = readOrConstant(relation, feature, (value) => valuesOf(bagTexts(value, feature.delimiter)));
  const ones = `list_resize(CAST([] AS FLOAT[]), len(${texts}), CAST(1 AS FLOAT))`;
  const value = weightsValue(relation, feature);
  if (value === null) return { texts, weights: ones };
  const all = bagTexts(columnOrConstant(relation, feature), feature.delimiter);
  const pairs = `list_filter(list_zip(${all}, ${bagWeights(value, feature.delimiter)}), lambda pair: pair[1] <> '')`;
  const weights = `list_transform(${pairs}, lambda pair: COALESCE(TRY_CAST(pair[2] AS FLOAT), CAST(0 AS FLOAT)))`;
  if (!mayLackWeights(relation, feature)) return { texts, weights };
  // Neither a constant nor a bag without weights has a weight for each value: each has 1.
  const isWeighted = `len(${bagWeights(value, feature.delimiter)}) > 0 AND len(${valuesOf(all)}) > 0`;
  return { texts, weights: `CASE WHEN ${isWeighted} THEN ${weights} ELSE ${ones} END` };
}

/** Returns the SQL of the values that are not missing; NULL if there are none. */
function valuesOf(texts: string): string {
  return bind(
    'present',
    `list_filter(${texts}, lambda x: x <> '')`,
    (list) => `CASE WHEN len(${list}) > 0 THEN ${list} END`,
  );
}

function mayLackWeights(relation: Relation, { atScoring }: BagFeature): boolean {
  return relation.isScored === true && atScoring !== undefined;
}

function weightsChecks(relation: Relation, feature: BagFeature, texts: string): RowCheck[] {
  const { weights, delimiter } = feature;
  const value = weightsValue(relation, feature);
  if (value === null || weights === null) return [];
  const numbers = bagWeights(value, delimiter);
  const isOther = `COALESCE(len(${numbers}), 0) <> COALESCE(len(${texts}), 0)`;
  const isOtherLength = mayLackWeights(relation, feature) ? `(len(${numbers}) > 0 AND ${isOther})` : isOther;
  const isOutOfRange = `len(list_filter(${numbers}, lambda x: x IS NULL OR NOT isfinite(x) OR x < 0)) > 0`;
  // The sum of a bag's weights is a float32, too.
  const isWrong = `(${isOutOfRange} OR list_sum(${numbers}) > ${LARGEST_FLOAT})`;
  return [
    columnCheck('weights_length', weights, value, isOtherLength),
    columnCheck('weight_not_valid', weights, value, isWrong),
  ];
}

/** Returns bags of no, one, few and too many values, with a weight for each value. */
function probe({ weights, delimiter, maxLength }: BagFeature, texts: readonly string[]): ProbeValue[][] {
  const usable = texts.filter((text) => delimiter === null || !text.includes(delimiter));
  const overfull = Array.from({ length: maxLength + 1 }, (_, index) => usable[index % usable.length] ?? '');
  const bags = [...usable.map((text) => [text]), usable.slice(0, 3), ['', ...usable.slice(0, 2)], overfull];
  const joined = (items: readonly string[]): ProbeValue => (delimiter === null ? items : items.join(delimiter));
  const weightOf = (_: string, index: number) => String((index + 1) / 4);
  const values = [null, ...bags.map(joined)];
  return weights === null ? [values] : [values, [null, ...bags.map((items) => joined(items.map(weightOf)))]];
}
