/** Texts as SQL: blanks around them, and which of them stand for a missing value. */
import type { TextRules, Value } from '../columns.ts';
import { literal } from '../database.ts';

/** What may surround a value without being part of it: Unicode's blanks, zero-width spaces and byte order marks. */
const BLANKS =
  ' \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff';

/** A text that neither begins nor ends with a blank. */
const TRIMMED = `(?s)[^${BLANKS}](?:.*[^${BLANKS}])?`;

/** Returns the SQL of a text without the blanks around it. */
export function trimmed(text: string): string {
  // DuckDB takes a microsecond to trim other characters than spaces, so only those texts are trimmed that have any.
  return `CASE WHEN regexp_full_match(${text}, ${literal(TRIMMED)}) THEN ${text} ELSE trim(${text}, ${literal(BLANKS)}) END`;
}

/** Returns the SQL condition that a text is one of others, by one comparison with all of them. */
function isAmongTexts(text: string, others: readonly string[]): string {
  return `regexp_full_match(${text}, ${literal(patternOf(others))})`;
}

/** Returns the regular expression of a few texts. */
export function patternOf(texts: readonly string[]): string {
  return texts.map((text) => text.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&')).join('|');
}

/** Returns the SQL condition that a trimmed text stands for a missing value: it is empty or one of the null values. */
export function isMissingText(text: string, { nullValues }: TextRules): string {
  return nullValues.length === 0
    ? `${text} = ''`
    : `(${text} = '' OR ${isShort(text, nullValues)} AND ${isAmongTexts(text, nullValues)})`;
}

/** Returns the SQL condition that a value is present: neither NULL nor NaN, and no text that stands for a missing one. */
export function presentSql({ sql, kind, texts, integer }: Value): string {
  if (integer !== undefined) return `(${integer} IS NOT NULL)`;
  if (kind === 'floating') return `(${sql} IS NOT NULL AND NOT isnan(${sql}))`;
  if (kind !== 'text') return `(${sql} IS NOT NULL)`;
  // Most texts are longer than every null value, and do not begin with a blank.
  const text = `CAST(${sql} AS VARCHAR)`;
  const isLong = `strlen(${text}) > ${longest(texts.nullValues)} AND ${text} > '!' AND ${text} < '~'`;
  return `CASE WHEN ${isLong} THEN true ELSE COALESCE(NOT ${isMissingText(trimmed(text), texts)}, false) END`;
}

/** Returns the SQL of a text without the blanks around it; NULL if it stands for a missing value. */
export function presentText({ sql, texts }: Value): string {
  const text = trimmed(`CAST(${sql} AS VARCHAR)`);
  return `CASE WHEN NOT ${isMissingText(text, texts)} THEN ${text} END`;
}

/** Returns the SQL of the null value that a text is; NULL if it is none, or empty. */
export function nullValueSql({ sql, texts: { nullValues } }: Value): string {
  const text = `CAST(${sql} AS VARCHAR)`;
  // Blanks make a text longer, but a long text with one word in it is rare: it is looked at only if it is padded.
  const isCandidate = `(${isShort(text, nullValues)} OR ${text} < '!')`;
  return `CASE WHEN ${isCandidate} AND ${isAmongTexts(trimmed(text), nullValues)} THEN ${trimmed(text)} END`;
}

/** Returns the SQL condition that a text is no longer than the longest of these, which is cheap to find out. */
export function isShort(text: string, texts: readonly string[]): string {
  return `strlen(${text}) <= ${longest(texts)}`;
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => Buffer.byteLength(text)));
}
