/**
 * The canonical text of a value: one text for what is the same value, whatever the type of the column and the format of
 * the file. docs/contract.md has the table. It depends on the value alone, and the canonical text of a canonical text
 * is itself, so a column that has several types in several files can be read as these texts.
 */
import type { TextRules, Value } from '../columns.ts';
import { literal } from '../database.ts';
import { bind } from './bind.ts';
import { decimalText, floatingText, isNumberText, numberText, pointed } from './number-texts.ts';
import { isMissingText, isShort, patternOf, trimmed } from './texts.ts';
import { instantText, isInstantText, textOfInstant } from './time-texts.ts';

const BOOLEAN_WORDS = ['true', 'false'] as const;
/** These words in any case. */
const BOOLEAN_PATTERN = '[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]';
const UUID = '\\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\\}?';
const UUID_LENGTH = 36;
/** What is canonical as it is, unless it is a word that means something else or has the length of a UUID. */
const PLAIN = '[1-9][0-9]*|[A-Za-z_](?:[ -~]*[!-~])?';

/** Returns the SQL of a value's canonical text; NULL for a missing value. */
export function canonicalText({ sql, type, kind, texts, integer }: Value): string {
  if (integer !== undefined) return sql;
  const text = `CAST(${sql} AS VARCHAR)`;
  switch (kind) {
    case 'integer':
      return text;
    case 'boolean':
      return `CAST(CAST(${sql} AS TINYINT) AS VARCHAR)`;
    case 'time':
      return type === 'DATE' ? text : textOfInstant(`CAST(${sql} AS TIMESTAMP)`);
    case 'decimal':
      return decimalText(text);
    case 'floating':
      return floatingText(type === 'DOUBLE' ? sql : `CAST(${sql} AS DOUBLE)`);
    default:
      return type === 'UUID' ? text : canonicalOfText(type === 'VARCHAR' ? sql : text, texts);
  }
}

/**
 * Returns the SQL of a row's group: the canonical text of a value or, if it is missing, a text that no other row has.
 */
export function groupText(value: Value): string {
  return `COALESCE(${canonicalText(value)}, '#row ' || "#row")`;
}

/** Returns the SQL of the canonical text of a text; NULL for one that stands for a missing value. */
export function canonicalOfText(text: string, texts: TextRules): string {
  const other = bind('text', trimmed(text), (t) => ofTrimmed(t, texts));
  // Empty texts are frequent in CSV and need no further look.
  return `CASE WHEN ${isPlain(text, texts)} THEN ${text} WHEN ${text} = '' THEN NULL ELSE ${other} END`;
}

/** Returns the SQL condition that a text is its own canonical text. It may be false for one that is. */
function isPlain(text: string, { nullValues }: TextRules): string {
  const words = [BOOLEAN_PATTERN, ...(nullValues.length === 0 ? [] : [patternOf(nullValues)])].join('|');
  const isWord = `${isShort(text, [...BOOLEAN_WORDS, ...nullValues])} AND regexp_full_match(${text}, ${literal(words)})`;
  return `regexp_full_match(${text}, ${literal(PLAIN)}) AND strlen(${text}) <> ${UUID_LENGTH} AND NOT (${isWord})`;
}

function isBooleanWord(text: string): string {
  return `lower(${text}) IN (${BOOLEAN_WORDS.map(literal).join(', ')})`;
}

function ofTrimmed(text: string, texts: TextRules): string {
  return (
    `CASE WHEN ${isMissingText(text, texts)} THEN NULL ` +
    `WHEN ${isNumberText(text, texts)} THEN ${numberText(pointed(text, texts))} ` +
    `WHEN ${isBooleanWord(text)} THEN CASE WHEN lower(${text}) = 'true' THEN '1' ELSE '0' END ` +
    `WHEN ${isInstantText(text)} THEN ${instantText(text)} ` +
    `WHEN strlen(${text}) >= ${UUID_LENGTH} AND regexp_full_match(${text}, ${literal(UUID)}) THEN lower(trim(${text}, '{}')) ` +
    `ELSE nfc_normalize(${text}) END`
  );
}
