/** Numbers of objects: float32, NaN if missing. */
import type { NumberFeature } from '../../../config/declaration.ts';
import { faultOf } from '../fault.ts';
import { isAbsent, LARGEST_NUMBER, numberOf } from '../values.ts';
import { replacement } from './constants.ts';
import type { ObjectKind } from './object-kind.ts';

export const number: ObjectKind<NumberFeature> = {
  bind({ name, column, atScoring, missing }, { constants }) {
    const constant = replacement({ atScoring, missing }, constants, (text, texts) => texts.number(text).number);
    return {
      encode([value], texts, { numbers }, row) {
        if (typeof value === 'object' && !isAbsent(value)) return faultOf('column_type', column, value, 'a number');
        const { number: own, isPresent } = numberOf(value, texts);
        if (isPresent && own === null) return faultOf('number_not_numeric', column, value);
        // Infinity is larger, too.
        if (own !== null && Math.abs(own) > LARGEST_NUMBER) return faultOf('number_not_finite', column, value);
        (numbers[name] as Float32Array)[row] = own ?? constant ?? Number.NaN;
        return null;
      },
    };
  },
};
