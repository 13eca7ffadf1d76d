/** Lists of values, and of their weights, as SQL. */
import { columnKind, type Value } from '../columns.ts';
import { literal } from '../database.ts';
import { bind } from './bind.ts';
import { canonicalOfText, canonicalText } from './canonical.ts';
import { textNumber } from './numbers.ts';
import { isMissingText, trimmed } from './texts.ts';

/** What is around a list that a program has written as text: JSON, Python, NumPy, Spark, or an array of Postgres. */
const BRACKETED = '\\[.*\\]|\\{.*\\}|\\(.*\\)';
/** An item of such a list in which blanks alone are between the items: quoted, or without a blank. */
const ITEM_BETWEEN_BLANKS = `'[^']*'|"[^"]*"|[^\\s]+`;

/** Returns the SQL of the list of a bag's values as canonical texts, NULL for missing ones; NULL for a missing bag. */
export function bagTexts(value: Value, delimiter: string | null): string {
  const { sql, type, kind, texts } = value;
  if (kind !== 'list')
    return `list_transform(${splitText(value, delimiter)}, lambda x: ${canonicalOfText('x', texts)})`;
  const itemType = type.replace(/\[\d*\]$/, '');
  const item = { sql: 'x', type: itemType, kind: columnKind(itemType), texts };
  return `list_transform(${sql}, lambda x: ${canonicalText(item)})`;
}

/** Returns the SQL of the list of a bag's weights as DOUBLE, with NULL for a weight that is not a number. */
export function bagWeights(value: Value, delimiter: string | null): string {
  const items = value.kind === 'list' ? `CAST(${value.sql} AS VARCHAR[])` : splitText(value, delimiter);
  return `list_transform(${items}, lambda x: ${textNumber('x', value.texts.decimal)})`;
}

/** Returns the SQL condition that a trimmed text is a list as a program writes it, in brackets. */
export function isWrittenList(text: string): string {
  // The regular expression alone would be as slow as all else.
  const begins = ['[', '{', '('].map((bracket) => `starts_with(${text}, '${bracket}')`).join(' OR ');
  return `((${begins}) AND regexp_full_match(${text}, ${literal(`(?s)${BRACKETED}`)}))`;
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

function unquoted(item: string): string {
  const isQuoted = `(starts_with(${item}, '"') OR starts_with(${item}, '''') OR starts_with(${item}, ' '))`;
  return `CASE WHEN ${isQuoted} THEN regexp_replace(${trimmed(item)}, '^(?:"(.*)"|''(.*)'')$', '\\1\\2') ELSE ${item} END`;
}

function writtenItems(text: string): string {
  const inner = `substr(${text}, 2, length(${text}) - 2)`;
  const isJson = `(starts_with(${text}, '[') AND json_valid(${text}))`;
  const separated = `TRY_CAST('[' || ${inner} || ']' AS VARCHAR[])`;
  const byBlanks = `list_transform(regexp_extract_all(${inner}, ${literal(ITEM_BETWEEN_BLANKS)}), lambda z: ${unquoted('z')})`;
  return `CASE WHEN ${isJson} THEN CAST(CAST(${text} AS JSON) AS VARCHAR[]) WHEN contains(${text}, ',') THEN ${separated} ELSE ${byBlanks} END`;
}
