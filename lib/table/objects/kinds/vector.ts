/** Vectors of objects: so many float32 numbers, NaN if missing. */
import type { VectorFeature } from '../../../config/features/vector.ts';
import { faultOf } from '../fault.ts';
import type { RequestTexts } from '../request-texts.ts';
import { canonicalOf, isAbsent, isSingle, LARGEST_NUMBER, numberOf } from '../values.ts';
import { replacement } from './constants.ts';
import type { ObjectKind } from './object-kind.ts';

/** An item of a vector: `null` for what is no number. */
interface Item {
  readonly isPresent: boolean;
  readonly number: number | null;
}

export const vector: ObjectKind<VectorFeature> = {
  bind(feature, { constants }) {
    const { name, column, length, delimiter, missing } = feature;
    const constant = replacement(feature, constants, (text, texts) => texts.number(text).number);
    const isBad = ({ isPresent, number }: Item) =>
      isPresent ? number === null || Math.abs(number) > LARGEST_NUMBER : missing === undefined;
    return {
      encode([value], texts, { numbers }, row) {
        if (!isAbsent(value) && typeof value !== 'string' && !(Array.isArray(value) && value.every(isSingle)))
          return faultOf('column_type', column, value, 'a list of numbers or a text');
        if (typeof value === 'string' && delimiter === null) {
          const { texts: items, isPresent } = texts.list(value, null);
          if (isPresent && items === null) return faultOf('list_not_written', column, value);
        }
        const items = itemsOf(feature, value, texts);
        if (items.length > 0 && items.length !== length)
          return faultOf('vector_length', column, value, `${length} values`);
        if (items.some(isBad)) return faultOf('vector_not_valid', column, value);
        const into = numbers[name] as Float32Array;
        const otherwise = missing === undefined ? Number.NaN : Number(missing);
        for (let i = 0; i < length; i++)
          into[row * length + i] = items.length === 0 ? (constant ?? Number.NaN) : (items[i]?.number ?? otherwise);
        return null;
      },
    };
  },
};

/** Returns the items of a value; none of a missing one. An empty item after the last delimiter may be the last. */
function itemsOf({ delimiter, length }: VectorFeature, value: unknown, texts: RequestTexts): readonly Item[] {
  if (Array.isArray(value))
    return value.map((item) => ({
      isPresent: canonicalOf(item, texts) !== null,
      number: numberOf(item, texts).number,
    }));
  if (typeof value !== 'string') return [];
  const canonical = texts.list(value, delimiter).texts ?? [];
  const numbers = texts.numbers(value, delimiter) ?? [];
  const items = canonical.map((text, index) => ({ isPresent: text !== null, number: numbers[index] ?? null }));
  const isOneTooFew = delimiter !== null && items.length === length - 1 && value.endsWith(delimiter);
  return isOneTooFew ? [...items, { isPresent: false, number: null }] : items;
}
