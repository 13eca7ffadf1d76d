/** Bags and sequences of objects: the row ids and weights of several values, cut or padded to a length. */
import type { BagFeature, ListFeature } from '../../../config/declaration.ts';
import type { SequenceFeature } from '../../../config/features/sequence.ts';
import type { EncodedChunk } from '../../encoded.ts';
import { type Fault, faultOf } from '../fault.ts';
import type { RequestTexts } from '../request-texts.ts';
import type { RowIds } from '../row-ids.ts';
import { canonicalOf, isAbsent, isInexact, isSingle, LARGEST_NUMBER, numberOf } from '../values.ts';
import { type Constants, replacement } from './constants.ts';
import type { ObjectKind } from './object-kind.ts';

const INTEGER = /^-?[0-9]+$/;

/** The values of a row as texts, `null` for missing ones; `null` for no list. */
type Texts = readonly (string | null)[] | null;

export const bag: ObjectKind<BagFeature> = {
  bind(feature, site) {
    const constant = constantTexts(feature, site.constants);
    const { weights: column, delimiter, atScoring } = feature;
    return {
      encode([values, weights], texts, into, row) {
        const own = textsOf(feature, values, texts, site.isInteger);
        if (isFault(own)) return own;
        const numbers = column === null ? null : weightsOf(column, delimiter, weights, texts);
        if (isFault(numbers)) return numbers;
        const isOptional = atScoring !== undefined;
        const weighted = column === null || (isOptional && (numbers?.length ?? 0) === 0) ? null : (numbers ?? []);
        if (column !== null && weighted !== null && weighted.length !== (own?.length ?? 0))
          return faultOf('weights_length', column, weights);
        if (column !== null && weighted !== null && !areWeights(weighted))
          return faultOf('weight_not_valid', column, weights);
        const used = kept(own, weighted);
        const isReplaced = used.texts.length === 0;
        write(into, row, feature, isReplaced ? { texts: constant, weights: null } : used, site.rowIds);
        return null;
      },
    };
  },
};

export const sequence: ObjectKind<SequenceFeature> = {
  bind(feature, site) {
    const constant = constantTexts(feature, site.constants);
    return {
      encode([values], texts, into, row) {
        const own = textsOf(feature, values, texts, site.isInteger);
        if (isFault(own)) return own;
        const used = kept(own, null).texts;
        write(into, row, feature, { texts: used.length === 0 ? constant : used, weights: null }, site.rowIds);
        return null;
      },
    };
  },
};

/** Returns the canonical texts of a list's values, or what is wrong with it. */
function textsOf(
  { column, delimiter }: ListFeature,
  value: unknown,
  texts: RequestTexts,
  isInteger: boolean,
): Texts | Fault {
  if (isAbsent(value)) return null;
  if (typeof value === 'string') {
    const { texts: items, isPresent } = texts.list(value, delimiter);
    if (delimiter === null && items === null && isPresent) return faultOf('list_not_written', column, value);
    return checked(items, column, value, isInteger);
  }
  if (!Array.isArray(value)) return faultOf('column_type', column, value, 'a list or a text');
  if (!value.every(isSingle)) return faultOf('column_type', column, value, 'a list of single values');
  if (value.some(isInexact)) return faultOf('integer_not_exact', column, value.find(isInexact));
  return checked(
    value.map((item) => canonicalOf(item, texts)),
    column,
    value,
    isInteger,
  );
}

function checked(items: Texts, column: string, value: unknown, isInteger: boolean): Texts | Fault {
  const isBad = isInteger && items?.some((item) => item !== null && !INTEGER.test(item)) === true;
  return isBad ? faultOf('id_not_integer', column, value, 'integers') : items;
}

/** Returns the numbers of a list of weights, `null` for what is none; or what is wrong with it. */
function weightsOf(
  column: string,
  delimiter: string | null,
  value: unknown,
  texts: RequestTexts,
): readonly (number | null)[] | null | Fault {
  if (isAbsent(value)) return null;
  if (typeof value === 'string') return texts.numbers(value, delimiter);
  if (!Array.isArray(value)) return faultOf('column_type', column, value, 'a list or a text');
  return value.map((item) => numberOf(item, texts).number);
}

function areWeights(weights: readonly (number | null)[]): boolean {
  let sum = 0;
  for (const weight of weights) {
    if (weight === null || !(weight >= 0) || weight === Number.POSITIVE_INFINITY) return false;
    sum += weight;
  }
  return sum <= LARGEST_NUMBER;
}

/** The values of a row that are not missing, and their weights; `null` for 1 each. */
interface Kept {
  readonly texts: readonly string[];
  readonly weights: readonly number[] | null;
}

function kept(texts: Texts, weights: readonly (number | null)[] | null): Kept {
  const present: string[] = [];
  const own: number[] = [];
  for (const [index, text] of (texts ?? []).entries()) {
    if (text === null) continue;
    present.push(text);
    if (weights !== null) own.push(weights[index] ?? 0);
  }
  return { texts: present, weights: weights === null ? null : own };
}

/** Writes the ids and weights of the values that are kept. Those of a sequence are in the order of their age. */
function write(
  { ids, weights }: EncodedChunk,
  row: number,
  { type, name, keep, maxLength }: ListFeature,
  { texts, weights: own }: Kept,
  rowIds: RowIds,
): void {
  const length = Math.min(texts.length, maxLength);
  const first = keep === 'first' ? 0 : texts.length - length;
  const isReversed = type === 'sequence' && keep === 'last';
  const at = row * maxLength;
  const [intoIds, intoWeights] = [ids[name] as Int32Array, weights[name] as Float32Array];
  for (let i = 0; i < length; i++) {
    const from = isReversed ? texts.length - 1 - i : first + i;
    intoIds[at + i] = rowIds(texts[from] as string);
    intoWeights[at + i] = own === null ? 1 : (own[from] as number);
  }
  intoIds.fill(0, at + length, at + maxLength);
  intoWeights.fill(0, at + length, at + maxLength);
}

/** Returns the texts that replace a row without values. */
function constantTexts(feature: ListFeature, constants: Constants): readonly string[] {
  const read = (text: string, texts: RequestTexts) => {
    const values = kept(texts.list(text, feature.delimiter).texts, null).texts;
    return values.length > 0 ? values : null;
  };
  return replacement(feature, constants, read) ?? [];
}

function isFault(value: Texts | readonly (number | null)[] | Fault): value is Fault {
  return value !== null && 'reason' in value;
}
