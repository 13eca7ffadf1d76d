/** Categories and crosses of objects: the row id of one canonical text. */
import type { CategoryFeature } from '../../../config/declaration.ts';
import type { CrossFeature } from '../../../config/features/kinds.ts';
import { type Fault, faultOf } from '../fault.ts';
import type { RequestTexts } from '../request-texts.ts';
import { canonicalOf, isInexact, isSingle } from '../values.ts';
import { replacement } from './constants.ts';
import { type ObjectKind, SINGLE } from './object-kind.ts';

const INTEGER = /^-?[0-9]+$/;
const MISSING = '-';

/** A value from a feature table, which is canonical already. */
export class CanonicalText {
  readonly text: string | null;
  constructor(text: string | null) {
    this.text = text;
  }
}

export const category: ObjectKind<CategoryFeature> = {
  bind({ name, column, atScoring, missing }, { rowIds, isInteger, constants }) {
    const constant = replacement({ atScoring, missing }, constants, canonical);
    return {
      encode([value], texts, { ids }, row) {
        const fault = singleFault(column, value);
        if (fault !== null) return fault;
        const text = canonicalOf(value, texts);
        if (isInteger && text !== null && !INTEGER.test(text)) return faultOf('id_not_integer', column, value);
        const used = text ?? constant;
        (ids[name] as Int32Array)[row] = used === null ? 0 : rowIds(used);
        return null;
      },
    };
  },
};

export const cross: ObjectKind<CrossFeature> = {
  bind({ name, of }, { rowIds, constants }) {
    const replaced = of.map((part) => replacement(part, constants, canonical));
    return {
      encode(values, texts, { ids }, row) {
        let joined = '';
        let isMissing = true;
        for (const [index, value] of values.entries()) {
          const fault = value instanceof CanonicalText ? null : singleFault(of[index]?.column ?? '', value);
          if (fault !== null) return fault;
          const own = value instanceof CanonicalText ? value.text : canonicalOf(value, texts);
          const text = own ?? replaced[index] ?? null;
          joined += text === null ? MISSING : `${Buffer.byteLength(text)}:${text}`;
          if (text !== null) isMissing = false;
        }
        (ids[name] as Int32Array)[row] = isMissing ? 0 : rowIds(joined);
        return null;
      },
    };
  },
};

/** Returns what is wrong with a value that should be a single one. */
export function singleFault(column: string, value: unknown): Fault | null {
  if (!isSingle(value)) return faultOf('column_type', column, value, SINGLE);
  return isInexact(value) ? faultOf('integer_not_exact', column, value) : null;
}

function canonical(text: string, texts: RequestTexts): string | null {
  return texts.canonical(text);
}
