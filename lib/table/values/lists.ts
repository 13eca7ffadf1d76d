/** Lists of values, and of their weights, as SQL. */
import { columnKind, type Value } from '../columns.ts';
import { literal } from '../database.ts';
import { canonicalOfText, canonicalText } from './canonical.ts';

/** Returns the SQL of the list of a bag's values as canonical texts, NULL for missing ones; NULL for a missing bag. */
export function bagTexts(value: Value, delimiter: string | null): string {
  if (value.kind !== 'list') return `list_transform(${splitText(value, delimiter)}, lambda x: ${canonicalOfText('x')})`;
  const type = value.type.replace(/\[\d*\]$/, '');
  return `list_transform(${value.sql}, lambda x: ${canonicalText({ sql: 'x', type, kind: columnKind(type) })})`;
}

/** Returns the SQL of the list of a bag's weights as DOUBLE, with NULL for a weight that is not a number. */
export function bagWeights(value: Value, delimiter: string | null): string {
  const texts = value.kind === 'list' ? `CAST(${value.sql} AS VARCHAR[])` : splitText(value, delimiter);
  return `list_transform(${texts}, lambda x: TRY_CAST(x AS DOUBLE))`;
}

function splitText({ sql }: Value, delimiter: string | null): string {
  const text = `NULLIF(${sql}, '')`;
  return delimiter === null
    ? `CASE WHEN ${text} IS NOT NULL THEN [${text}] END`
    : `string_split(${text}, ${literal(delimiter)})`;
}
