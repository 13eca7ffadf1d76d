/** The groups within which rows that are objects are ranked, as `lib/table/candidates/rank.ts` has them as SQL. */
import { type Fault, faultOf } from './fault.ts';
import { singleFault } from './kinds/one-value.ts';
import type { RequestTexts } from './request-texts.ts';
import { canonicalOf } from './values.ts';

/** A column that is part of a group, and where its value is; `null` where the rows do not have it. */
export interface GroupSource {
  readonly column: string;
  readonly from: { readonly of: 'row' | 'shared'; readonly name: string } | null;
}

/** Returns the text that rows of a group have in common, by the canonical texts of its columns; or what is wrong. */
export function groupOf(
  within: readonly GroupSource[],
  values: Readonly<Record<'row' | 'shared', Readonly<Record<string, unknown>>>>,
  texts: RequestTexts,
): string | Fault {
  let group = '';
  for (const { column, from } of within) {
    const value = from === null ? undefined : values[from.of][from.name];
    if (value === undefined) return faultOf('column_missing', column, null, 'a value: rows are ranked within it');
    const fault = singleFault(column, value);
    if (fault !== null) return fault;
    const text = canonicalOf(value, texts);
    if (text === null) return faultOf('rank_group_missing', column, value);
    group += `${text.length}:${text}`;
  }
  return group;
}
