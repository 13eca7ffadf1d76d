/**
 * Bags: several values of a finite set in each row, with or without weights, as lists that are cut or padded to a
 * length.
 */
import type { BagFeature } from '../../config/declaration.ts';
import { columnOrConstant, columnValue, findColumn, type Relation, readOrConstant, type Value } from '../columns.ts';
import { columnCheck, type RowCheck } from '../row-check.ts';
import { bagTexts, bagWeights } from '../values/lists.ts';
import { LARGEST_FLOAT } from '../values/numbers.ts';
import { type FeatureKind, type ProbeValue, preparedName } from './feature-kind.ts';
import { cut, encodeList, list, listChecks, onesOf, probeLists, valuesColumn, valuesOf, writtenAs } from './list.ts';

/** How bags are read from files. */
export const bag: FeatureKind<BagFeature> = {
  ...list,
  columns(feature) {
    const { weights, atScoring } = feature;
    const values = valuesColumn(feature);
    // If a constant may replace the bag, its weights may be absent, too: each value then has weight 1.
    const noWeights = atScoring === undefined ? undefined : null;
    return [
      values,
      ...(weights === null
        ? []
        : [{ column: weights, use: values.use, isWeights: true, atScoring: noWeights } as const]),
    ];
  },
  checks(relation, feature, ids) {
    const texts = bagTexts(columnOrConstant(relation, feature), feature.delimiter);
    return [...listChecks(relation, feature, ids), ...weightsChecks(relation, feature, texts)];
  },
  prepare(relation, feature, index) {
    const { texts, weights } = lists(relation, feature);
    return [
      { sql: cut(texts, feature), name: preparedName('list', index) },
      { sql: cut(weights, feature), name: preparedName('weights', index) },
    ];
  },
  prepareCounts: (relation, feature, index) => [
    { sql: `COALESCE(len(${lists(relation, feature).texts}), 0)`, name: preparedName('length', index) },
  ],
  encode: (encoder, feature, index) => encodeList(encoder, feature, index, preparedName('weights', index)),
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

/** Returns the column of weights as SQL; `null` if there is none, or if a constant replaces the bag. */
function weightsValue(relation: Relation, { weights }: BagFeature): Value | null {
  const column = weights === null ? undefined : findColumn(relation, weights);
  return column === undefined ? null : columnValue(column, relation.texts);
}

/** Returns the SQL of the list of values that are not missing, and of the list with a weight for each. */
function lists(relation: Relation, feature: BagFeature): { readonly texts: string; readonly weights: string } {
  const texts = readOrConstant(relation, feature, (value) => valuesOf(bagTexts(value, feature.delimiter)));
  const ones = onesOf(texts);
  const value = weightsValue(relation, feature);
  if (value === null) return { texts, weights: ones };
  const all = bagTexts(columnOrConstant(relation, feature), feature.delimiter);
  const pairs = `list_filter(list_zip(${all}, ${bagWeights(value, feature.delimiter)}), lambda pair: pair[1] <> '')`;
  const weights = `list_transform(${pairs}, lambda pair: COALESCE(TRY_CAST(pair[2] AS FLOAT), CAST(0 AS FLOAT)))`;
  if (!mayLackWeights(relation, feature) && feature.missing === undefined) return { texts, weights };
  // Neither a constant nor a bag without weights has a weight for each value: each has 1.
  const isWeighted = `len(${bagWeights(value, feature.delimiter)}) > 0 AND len(${valuesOf(all)}) > 0`;
  return { texts, weights: `CASE WHEN ${isWeighted} THEN ${weights} ELSE ${ones} END` };
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
function probe(feature: BagFeature, texts: readonly string[]): ProbeValue[][] {
  const bags = probeLists(feature, texts);
  const written = (all: readonly (readonly string[])[]) => [null, ...all.map((items) => writtenAs(feature, items))];
  const weightOf = (_: string, index: number) => String((index + 1) / 4);
  return feature.weights === null
    ? [written(bags)]
    : [written(bags), written(bags.map((items) => items.map(weightOf)))];
}
