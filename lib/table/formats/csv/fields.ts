/** Reads and writes the fields of single records. Most records are never read so: DuckDB reads them. */
import type { Writing } from './grammar.ts';

/** The quote of the text that DuckDB reads, if the file has none. */
export const DEFAULT_QUOTE = '"';
/** Characters whose escape is not part of the text, besides the escape itself. That of others, such as `\N`, stays. */
const ESCAPABLE = ['"', "'", '\r', '\n'];

/** Returns the fields of a well-formed record. */
export function splitRecord(record: string, writing: Writing): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= record.length; ) {
    const { field, end } = readQuoted(record, at, writing) ?? readUnquoted(record, at, writing);
    fields.push(field);
    at = end + 1;
  }
  return fields;
}

/** Returns fields as a record in which every field is quoted, with quotes inside doubled. */
export function quoteRecord(
  fields: readonly string[],
  { delimiter, quote }: Pick<Writing, 'delimiter' | 'quote'>,
): string {
  const mark = quote ?? DEFAULT_QUOTE;
  return fields.map((field) => mark + field.replaceAll(mark, mark + mark) + mark).join(delimiter);
}

interface ReadField {
  readonly field: string;
  /** Position of the delimiter after the field, or the end of the record. */
  readonly end: number;
}

/** Reads a field that begins with a quote, after blanks or not; `null` if it does not. */
function readQuoted(record: string, from: number, { delimiter, quote, escaping }: Writing): ReadField | null {
  let at = from;
  while (isBlank(record[at], delimiter)) at += 1;
  if (quote === null || record[at] !== quote) return null;
  let field = '';
  for (at += 1; at < record.length; at += 1) {
    const [character, next] = [record[at], record[at + 1]];
    // A writer that escapes in quotes writes a backslash as two, so that a single one is always an escape.
    const isEscape = character === escaping && (next === escaping || ESCAPABLE.includes(next ?? ''));
    const isPair = (character === quote && next === quote) || isEscape;
    if (character === quote && !isPair) break;
    if (isPair) at += 1;
    field += record[at];
  }
  const found = record.indexOf(delimiter, at + 1);
  return { field, end: found < 0 ? record.length : found };
}

/** Reads a field without quotes. An escape before an ordinary character is an ordinary character itself. */
function readUnquoted(record: string, from: number, { delimiter, quote, escaping, escapesIn }: Writing): ReadField {
  // A writer that escapes in quotes alone would have put a field with a quote in quotes.
  const escapable = escapesIn === 'quotes' ? [quote ?? DEFAULT_QUOTE] : [...ESCAPABLE, escaping, delimiter];
  let field = '';
  let at = from;
  for (; at < record.length && record[at] !== delimiter; at += 1) {
    if (escaping !== null && record[at] === escaping && escapable.includes(record[at + 1] ?? '')) at += 1;
    field += record[at];
  }
  return { field, end: at };
}

function isBlank(character: string | undefined, delimiter: string): boolean {
  return (character === ' ' || character === '\t') && character !== delimiter;
}
