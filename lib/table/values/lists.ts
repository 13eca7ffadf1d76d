/** Lists of values, and of their weights, as SQL. */
import { columnValue, itemType, type Value } from '../columns.ts';
import { literal } from '../database.ts';
import { bind } from './bind.ts';
import { canonicalOfText, canonicalText } from './canonical.ts';
import { textNumber } from './numbers.ts';
import { isMissingText, trimmed } from './texts.ts';
import { isWrittenList, unquoted, writtenItems } from './written-lists.ts';

/** Returns the SQL of the list of a bag's values as canonical texts, NULL for missing ones; NULL for a missing bag. */
export function bagTexts(value: Value, delimiter: string | null): string {
  const { sql, type, kind, texts } = value;
  if (kind !== 'list')
    return `list_transform(${splitText(value, delimiter)}, lambda x: ${canonicalOfText('x', texts)})`;
  const item = columnValue({ name: '', sql: 'x', type: itemType(type) }, texts);
  return `list_transform(${sql}, lambda x: ${canonicalText(item)})`;
}

/**
 * Returns the SQL of a list's items as they are, NULL for a missing list, and an item as a value whose SQL is the given
 * name.
 */
export function listItems(
  value: Value,
  delimiter: string | null,
  name: string,
): { readonly items: string; readonly item: Value } {
  const isList = value.kind === 'list';
  const type = isList ? itemType(value.type) : 'VARCHAR';
  return {
    items: isList ? value.sql : splitText(value, delimiter),
    item: columnValue({ name: '', sql: name, type }, value.texts),
  };
}

/** Returns the SQL of the list of a bag's weights as DOUBLE, with NULL for a weight that is not a number. */
export function bagWeights(value: Value, delimiter: string | null): string {
  const items = value.kind === 'list' ? `CAST(${value.sql} AS VARCHAR[])` : splitText(value, delimiter);
  return `list_transform(${items}, lambda x: ${textNumber('x', value.texts.decimal)})`;
}

/**
 * Returns the SQL of the items of a text, without the blanks and quotes around each. A list in brackets is read as such
 * whatever the delimiter; without a delimiter there is no other list, but a constant is a list of one.
 */
function splitText({ sql, texts, isConstant }: Value, delimiter: string | null): string {
  return bind('text', trimmed(`CAST(${sql} AS VARCHAR)`), (text) => {
    const one = isConstant ? `[${text}]` : 'NULL';
    const plain = delimiter === null ? one : `list_transform(${split(text, delimiter)}, lambda y: ${unquoted('y')})`;
    return `CASE WHEN ${isMissingText(text, texts)} THEN NULL WHEN ${isWrittenList(text)} THEN COALESCE(${writtenItems(text)}, ${plain}) ELSE ${plain} END`;
  });
}

/** A delimiter after the last item ends it: no item follows. */
function split(text: string, delimiter: string): string {
  const mark = literal(delimiter);
  return `string_split(CASE WHEN ends_with(${text}, ${mark}) THEN left(${text}, length(${text}) - length(${mark})) ELSE ${text} END, ${mark})`;
}
